"""Which files a task is run on: DATA_ROOT, else the cache, else a download, else the sample (docs/data.md)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.errors import UsageError
from harness.resolve import Resolution
from harness.resolve.download import Progress, UnreachableError, no_progress
from harness.resolve.fetch import address, cached_folder, damage, fetch
from harness.resolve.found import Found, look, remarks
from harness.tasks import Task

SAMPLE_NAME = "embedded sample"


@dataclass(frozen=True)
class DataChoice:
    """`own` is the task's folder, None for the sample; `diagnostic` the folder of the diagnostic set, where the task has one here.

    `verified`: every file of training and of the dev sets is known to be the published one.
    """

    kind: Literal["directory", "cache", "download", "sample"]
    name: str
    origin: str
    own: Found | None
    diagnostic: Found | None
    verified: bool
    resolution: Resolution

    @property
    def path(self) -> Path | None:
        return None if self.own is None else self.own.path


def resolve_data(
    task: Task, data_root: Path | None, cache: Path, strict: bool, progress: Progress = no_progress
) -> DataChoice:
    """The first of DATA_ROOT, cache, download and sample that can be had. A given DATA_ROOT is used or is an error.

    Raises UsageError for a DATA_ROOT without the files, for a task without data and without a sample, and for the sample under
    `strict`; InfrastructureError for a download that came damaged (the cache stays as it was) and for an unwritable cache.
    """
    if data_root is not None:
        return _from_directory(task, data_root.expanduser(), cache)
    fault = damage(task.published, cached_folder(task.published, cache), cache)
    if fault is None:
        return _from_cache(task, "cache", "cache", cache, "downloaded earlier")
    try:
        fetch(task.published, cache, progress)
    except UnreachableError as error:
        why = f"DATA_ROOT is not set, the cache holds {fault}, and the download failed: {error.message}"
        return _sample(task, why, strict)
    if task.diagnostic is not None:
        with suppress(UnreachableError):  # the task can do without; what is missing is said below
            fetch(task.diagnostic, cache, progress)
    return _from_cache(task, "download", address(task.published.downloads[0]), cache, "downloaded now")


def is_cached(task: Task, cache: Path) -> bool:
    """Whether the cache holds the task's published files."""
    return damage(task.published, cached_folder(task.published, cache), cache) is None


def _from_directory(task: Task, root: Path, cache: Path) -> DataChoice:
    if not root.is_dir():
        raise UsageError(f"DATA_ROOT={root} is no folder: give {_wanted(task)}")
    folder = root / task.published.folder
    if not folder.is_dir() and any((root / name).exists() for name in task.required_files):
        folder = root
    missing = [str(folder / name) for name in task.required_files if not (folder / name).is_file()]
    if missing:
        raise UsageError(f"DATA_ROOT={root}: {', '.join(missing)} missing; give {_wanted(task)}")
    try:
        own = look(folder, task.published, cache)
        beside = _diagnostic(task, folder, cache)
        said = remarks(task, own, beside)
    except OSError as error:
        raise UsageError(f"DATA_ROOT: {error.filename} cannot be read: {error.strerror}") from error
    for found in (own, *([beside] if beside else [])):
        if empty := [name for name, fact in found.files.items() if fact.bytes == 0]:
            raise UsageError(f"DATA_ROOT: {found.path / empty[0]} is empty")
    return _choice(task, "directory", "DATA_ROOT", own, beside, ["DATA_ROOT", *said])


def _diagnostic(task: Task, folder: Path, cache: Path) -> Found | None:
    """The diagnostic set, where the task has one: among the task's own files, or in its own folder beside theirs."""
    if task.diagnostic is None:
        return None
    for place in (folder, folder.absolute().parent / task.diagnostic.folder):
        found = look(place, task.diagnostic, cache)
        if found.files:
            return found
    return None


def _from_cache(task: Task, kind: Literal["cache", "download"], origin: str, cache: Path, how: str) -> DataChoice:
    """The cache's checksums were taken from downloads that had the published ones."""
    own = look(cached_folder(task.published, cache), task.published, cache, is_published=True)
    beside = None
    if task.diagnostic is not None and damage(task.diagnostic, cached_folder(task.diagnostic, cache), cache) is None:
        beside = look(cached_folder(task.diagnostic, cache), task.diagnostic, cache, is_published=True)
    return _choice(task, kind, origin, own, beside, [how, *remarks(task, own, beside)])


def _choice(
    task: Task,
    kind: Literal["directory", "cache", "download"],
    origin: str,
    own: Found,
    diagnostic: Found | None,
    reasons: list[str],
) -> DataChoice:
    return DataChoice(
        kind=kind,
        name=task.name,
        origin=origin,
        own=own,
        diagnostic=diagnostic,
        verified=all(own.standings[name] == "as published" for name in task.required_files),
        resolution=Resolution("data", f"{task.name} in {own.path}", "; ".join(reasons), fallback=False),
    )


def _sample(task: Task, why: str, strict: bool) -> DataChoice:
    """The sample where it may stand in. Raises UsageError elsewhere."""
    if strict or not task.has_sample:
        no = "STRICT=1 allows no sample in its place" if task.has_sample else "no sample stands in for it"
        raise UsageError(f"{task.name} cannot be had and {no}: {why}. Set DATA_ROOT to {_wanted(task)}")
    return DataChoice(
        kind="sample",
        name=SAMPLE_NAME,
        origin="generated",
        own=None,
        diagnostic=None,
        verified=False,
        resolution=Resolution("data", SAMPLE_NAME, why, fallback=True),
    )


def _wanted(task: Task) -> str:
    return "a folder with " + " and ".join(f"{task.published.folder}/{name}" for name in task.required_files)
