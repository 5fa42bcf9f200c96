"""A task's files as they are found in a folder: their checksums, and what there is to say about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.resolve.checksums import FileFact, content_hash, file_fact, file_md5
from harness.resolve.rows import count_rows
from harness.tasks import Published, PublishedFile, Task

Standing = Literal["as published", "other", "none published"]
"""A file's checksum against the published one; `none published`: nobody has published any, so nothing can be said."""


@dataclass(frozen=True)
class Found:
    """A folder and the files of a task that it holds, by name. `content_hash` covers their contents, not their place."""

    path: Path
    files: dict[str, FileFact]
    standings: dict[str, Standing]

    @property
    def content_hash(self) -> str:
        return content_hash(self.files)


def look(folder: Path, published: Published, cache: Path, is_published: bool = False) -> Found:
    """What `folder` holds of the published files. `is_published`: it comes out of the published downloads.

    Raises OSError when a file cannot be read.
    """
    names = [name for name in published.files if (folder / name).is_file()]
    files = {name: file_fact(folder / name, cache) for name in names}
    standings: dict[str, Standing] = {
        name: "as published" if is_published else _standing(folder / name, published.files[name], files[name], cache)
        for name in names
    }
    return Found(folder.resolve(), files, standings)


def remarks(task: Task, own: Found, diagnostic: Found | None) -> list[str]:
    """What the user should know of the files: whether they are the published ones, have as many rows, and which are missing."""
    standings = own.standings | (diagnostic.standings if diagnostic else {})
    if set(standings.values()) == {"as published"}:
        said = ["checksums as published"]
    else:
        said = [*_strangers(task, standings), *_row_counts(task, own)]
    absent = [test["file"] for test in task.raw["test"].values() if test["file"] not in standings]
    return said + ([f"no submission of {', '.join(absent)}, which is not there"] if absent else [])


def _standing(path: Path, published: PublishedFile, fact: FileFact, cache: Path) -> Standing:
    if published.sha256 is not None:
        return "as published" if fact.sha256 == published.sha256 else "other"
    if published.md5 is not None:
        return "as published" if file_md5(path, cache) == published.md5 else "other"
    return "none published"


def _strangers(task: Task, standings: dict[str, Standing]) -> Iterator[str]:
    other = [name for name, standing in standings.items() if standing == "other"]
    unknown = [name for name, standing in standings.items() if standing == "none published"]
    if other:
        counts = any(name in task.required_files for name in other)
        yield f"not the published {' and '.join(other)}" + (
            ": numbers do not compare with published ones" if counts else ""
        )
    if unknown:
        yield f"{', '.join(unknown)} not verified: no checksum is published"


def _row_counts(task: Task, own: Found) -> Iterator[str]:
    """Rows of the files that are not known to be the published ones, where they are another number."""
    for name in task.required_files:
        wanted = task.published.files[name].rows
        if own.standings[name] == "as published" or wanted is None:
            continue
        rows = count_rows(own.path / name, task)
        if rows is not None and rows != wanted:
            yield f"{name} has {rows:,} rows, the published one {wanted:,}"
