"""The cache's copies of a task's published files: downloaded whole, and known again by the checksums taken then."""

from __future__ import annotations

import json
import os
from pathlib import Path, PurePosixPath

from harness.errors import InfrastructureError
from harness.resolve.cache_folder import filling, put
from harness.resolve.checksums import file_fact
from harness.resolve.download import Member, Progress, download, unpack
from harness.resolve.layouts import LAYOUTS
from harness.tasks import Download, Published

URL_VARIABLE = "TINYBENCH_GLUE_URL"
"""A mirror: the address of a folder that holds the published downloads under their own names. Checksums stay the published ones."""
CHECKSUMS = "checksums.json"
"""In a folder of the cache: SHA-256 by name, of the files that came out of downloads with the published checksums."""


def address(each: Download) -> str:
    """Where a download comes from: the mirror that the environment names, else its published place."""
    mirror = os.environ.get(URL_VARIABLE)
    return f"{mirror.rstrip('/')}/{PurePosixPath(each.url).name}" if mirror else each.url


def cached_folder(published: Published, cache: Path) -> Path:
    return cache / "glue" / published.folder


def damage(published: Published, folder: Path, cache: Path) -> str | None:
    """Why a folder of the cache will not do, or None when it holds the published files. It may lack those without labels."""
    if not folder.is_dir():
        return "no copy"
    known = _checksums(folder) | {name: file.sha256 for name, file in published.files.items() if file.sha256}
    wanted = [name for name in published.files if name not in published.optional or (folder / name).is_file()]
    try:
        other = [name for name in wanted if file_fact(folder / name, cache).sha256 != known.get(name)]
    except OSError:
        return "an incomplete copy"
    return f"a damaged copy ({', '.join(other)})" if other else None


def fetch(published: Published, cache: Path, progress: Progress) -> None:
    """Put the published files into their folder of the cache by a rename: it never holds a part of them.

    Raises UnreachableError when a download does not come at all, InfrastructureError when it comes damaged or the cache cannot
    be written to.
    """
    folder = cached_folder(published, cache)
    with filling(folder, cache) as temporary:
        if damage(published, folder, cache) is None:  # another process was faster
            return
        raw, files = temporary / "raw", temporary / "files"
        raw.mkdir()
        files.mkdir()
        for each in published.downloads:
            _get(each, published, temporary, raw if published.made_by else files, progress)
        if published.made_by:
            LAYOUTS[published.made_by](raw, files)
        found = {name: file_fact(files / name, cache).sha256 for name in published.files}
        (files / CHECKSUMS).write_text(json.dumps(found))
        if fault := damage(published, files, cache):
            sources = ", ".join(address(each) for each in published.downloads)
            raise InfrastructureError(f"{sources} holds {fault} of {published.folder}: not the published checksums")
        put(files, folder, temporary)


def _get(each: Download, published: Published, temporary: Path, to: Path, progress: Progress) -> None:
    url = address(each)
    arrived = temporary / "download"
    download(url, arrived, each.bytes, each.sha256, progress)
    if each.save_as is not None:
        arrived.rename(to / each.save_as)
        return
    # Sizes are published of the files as they end up: they say nothing about members that are still to be rewritten.
    sizes = {name: None if published.made_by else file.bytes for name, file in published.files.items()}
    unpack(arrived, url, [Member(each.member(name), name, sizes[name]) for name in published.files], to)
    arrived.unlink()


def _checksums(folder: Path) -> dict[str, str]:
    try:
        found = json.loads((folder / CHECKSUMS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(checksum) for name, checksum in found.items()} if isinstance(found, dict) else {}
