"""Which files a task is run on: DATA_ROOT, else the cache, else a download, else the sample (docs/data.md)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.errors import InfrastructureError, UsageError
from harness.resolve import Resolution
from harness.resolve.cache_folder import filling, put
from harness.resolve.checksums import FileFact, content_hash, file_fact
from harness.resolve.download import Progress, UnreachableError, download, no_progress, unpack
from harness.tasks import Task

URL_VARIABLE = "TINYBENCH_GLUE_URL"
"""Another place to download the task's archive from, a mirror: the checksums stay the published ones."""
SAMPLE_NAME = "embedded sample"


@dataclass(frozen=True)
class DataChoice:
    """`path` is the folder that holds train.tsv and dev.tsv; None for the sample.

    `verified`: all checksums are the published ones. `content_hash` covers the files' contents, not their place;
    the sample's is a constant, for its generator is part of the code.
    """

    kind: Literal["directory", "cache", "download", "sample"]
    name: str
    origin: str
    path: Path | None
    verified: bool
    files: dict[str, FileFact]
    content_hash: str
    resolution: Resolution


def resolve_data(
    task: Task, data_root: Path | None, cache: Path, strict: bool, progress: Progress = no_progress
) -> DataChoice:
    """The first of DATA_ROOT, cache, download and sample that can be had. A given DATA_ROOT is used or is an error.

    Raises UsageError for a DATA_ROOT without the files, and for the sample under `strict`; InfrastructureError for
    a download that came damaged (the cache stays as it was) and for an unwritable cache.
    """
    if data_root is not None:
        return _from_directory(task, data_root.expanduser(), cache)
    folder = cached_folder(task, cache)
    damage = _damage(task, folder, cache)
    if damage is None:
        reason = "downloaded earlier, checksums as published"
        return _choice(task, "cache", "cache", folder, cache, reason)
    url = os.environ.get(URL_VARIABLE) or task.archive.url
    try:
        _download(task, url, folder, cache, progress)
    except UnreachableError as error:
        why = f"DATA_ROOT is not set, the cache holds {damage}, and the download failed: {error.message}"
        if strict:
            raise UsageError(
                f"{task.name} cannot be had and STRICT=1 allows no sample in its place: {why}. "
                f"Set DATA_ROOT to {_wanted(task)}"
            ) from error
        return _sample(why)
    return _choice(task, "download", url, folder, cache, "downloaded now, checksums as published")


def cached_folder(task: Task, cache: Path) -> Path:
    return cache / "glue" / task.folder


def is_cached(task: Task, cache: Path) -> bool:
    """Whether the cache holds the task's files with the published checksums."""
    return _damage(task, cached_folder(task, cache), cache) is None


def _from_directory(task: Task, root: Path, cache: Path) -> DataChoice:
    if not root.is_dir():
        raise UsageError(f"DATA_ROOT={root} is no folder: give {_wanted(task)}")
    folder = root / task.folder
    if not folder.is_dir() and any((root / name).exists() for name in task.files):
        folder = root
    missing = [name for name in task.files if not (folder / name).is_file()]
    if missing:
        raise UsageError(
            f"DATA_ROOT={root}: {', '.join(str(folder / name) for name in missing)} missing; give {_wanted(task)}"
        )
    try:
        choice = _choice(task, "directory", "DATA_ROOT", folder.resolve(), cache, "DATA_ROOT")
    except OSError as error:
        raise UsageError(f"DATA_ROOT: {error.filename} cannot be read: {error.strerror}") from error
    empty = [name for name, fact in choice.files.items() if fact.bytes == 0]
    if empty:
        raise UsageError(f"DATA_ROOT: {folder / empty[0]} is empty")
    return choice


def _choice(
    task: Task, kind: Literal["directory", "cache", "download"], origin: str, folder: Path, cache: Path, reason: str
) -> DataChoice:
    files = {name: file_fact(folder / name, cache) for name in task.files}
    other = [name for name, fact in files.items() if fact.sha256 != task.files[name].sha256]
    if other:
        reason += f"; not the published {' and '.join(other)}: numbers do not compare with published ones"
    return DataChoice(
        kind=kind,
        name=task.name,
        origin=origin,
        path=folder,
        verified=not other,
        files=files,
        content_hash=content_hash(files),
        resolution=Resolution("data", f"{task.name} in {folder}", reason, fallback=False),
    )


def _wanted(task: Task) -> str:
    return "a folder with " + " and ".join(f"{task.folder}/{name}" for name in task.files)


def _sample(reason: str) -> DataChoice:
    return DataChoice(
        kind="sample",
        name=SAMPLE_NAME,
        origin="generated",
        path=None,
        verified=False,
        files={},
        content_hash=content_hash({}),
        resolution=Resolution("data", SAMPLE_NAME, reason, fallback=True),
    )


def _damage(task: Task, folder: Path, cache: Path) -> str | None:
    """Why a folder of the cache will not do, or None when it holds the published files."""
    if not folder.is_dir():
        return "no copy"
    try:
        other = [name for name, file in task.files.items() if file_fact(folder / name, cache).sha256 != file.sha256]
    except OSError:
        return "an incomplete copy"
    return f"a damaged copy ({', '.join(other)})" if other else None


def _download(task: Task, url: str, folder: Path, cache: Path, progress: Progress) -> None:
    """Put the published files into `folder` by a rename: it never holds a part of them."""
    with filling(folder, cache) as temporary:
        if is_cached(task, cache):  # another process was faster
            return
        archive, unpacked = temporary / "archive.zip", temporary / "files"
        download(url, archive, task.archive.bytes, task.archive.sha256, progress)
        unpacked.mkdir()
        unpack(archive, url, {f"{task.folder}/{name}": file.bytes for name, file in task.files.items()}, unpacked)
        damage = _damage(task, unpacked, cache)
        if damage:
            raise InfrastructureError(f"{url} holds {damage} of {task.name}: not the published checksums")
        put(unpacked, folder, temporary)
