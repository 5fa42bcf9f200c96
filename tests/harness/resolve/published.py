"""Tasks of the table over small published files, and the downloads that hold them."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import replace

from harness.tasks import Download, Published, PublishedFile, Task, find_task

FILES = {
    "train.tsv": b"sentence\tlabel\ngood\t1\nbad\t0\n",
    "dev.tsv": b"sentence\tlabel\nnot bad\t1\n",
    "test.tsv": b"index\tsentence\n0\tso so\n",
}
REQUIRED = {name: FILES[name] for name in ("train.tsv", "dev.tsv")}


def zipped(files: dict[str, bytes], pattern: str = "SST-2/*.tsv") -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as zip_file:
        for name, body in files.items():
            zip_file.writestr(pattern.replace("*", name.rpartition(".")[0]), body)
    return content.getvalue()


ARCHIVE = zipped(FILES)


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def fact(body: bytes, *known: str) -> PublishedFile:
    """What is published of a file: the number of its rows, and what `known` names."""
    return PublishedFile(
        rows=body.count(b"\n") - 1,
        bytes=len(body) if "bytes" in known else None,
        sha256=sha256(body) if "sha256" in known else None,
        md5=hashlib.md5(body, usedforsecurity=False).hexdigest() if "md5" in known else None,
    )


def download(name: str, body: bytes, **how: str) -> Download:
    return Download(f"https://host.invalid/glue/{name}", len(body), sha256(body), **how)


def task_with(archive: bytes = ARCHIVE, *known: str) -> Task:
    """SST-2 as the table has it, its published files being FILES, of which `known` is published, and its download `archive`."""
    published = Published(
        folder="SST-2",
        files={name: fact(body, *(known or ("bytes", "sha256"))) for name, body in FILES.items()},
        optional=("test.tsv",),
        downloads=(download("SST-2.zip", archive, unpack="SST-2/*.tsv"),),
        made_by=None,
    )
    return replace(find_task("SST-2"), published=published)


def with_downloads(task: Task, downloads: dict[str, bytes]) -> Task:
    """A task of the table whose published downloads are these, of whose files nothing but the rows is known."""
    facts = {name: replace(file, bytes=None, sha256=None, md5=None) for name, file in task.published.files.items()}
    return replace(task, published=replace(task.published, files=facts, downloads=_changed(task.published, downloads)))


def with_diagnostic(task: Task, body: bytes) -> Task:
    assert task.diagnostic is not None
    facts = {name: fact(body, "sha256") for name in task.diagnostic.files}
    changed = _changed(task.diagnostic, {"AX.tsv": body})
    return replace(task, diagnostic=replace(task.diagnostic, files=facts, downloads=changed))


def _changed(published: Published, bodies: dict[str, bytes]) -> tuple[Download, ...]:
    return tuple(
        replace(each, bytes=len(bodies[name]), sha256=sha256(bodies[name]))
        for each in published.downloads
        for name in [each.url.rpartition("/")[2]]
    )
