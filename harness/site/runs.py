"""The finished runs that a site shows, read from their records. What cannot be shown is named with the reason, never dropped silently."""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.record import RECORD, read
from harness.report.content import document
from harness.report.document import Document
from harness.report.facts import Cell, cells, clean, cleaned
from harness.report.validity import refused

OLD_SHAPE = (KeyError, TypeError, ValueError, IndexError, AttributeError, AssertionError)
"""What reading a record raises whose fields are not today's: records are kept longer than their format."""


@dataclass(frozen=True)
class SiteRun:
    """A finished run. `folder`: its name below the site's `runs/`, safe in an address; `original`: record.json as it stands."""

    folder: str
    record: Mapping[str, Any]
    original: bytes
    report: Document
    cells: tuple[Cell, ...]

    @property
    def name(self) -> str:
        return str(self.record["run_id"])

    @property
    def created(self) -> datetime.datetime:
        return _created(self.record)

    @property
    def date(self) -> str:
        return self.created.strftime("%Y-%m-%d %H:%M")

    @property
    def subject(self) -> str:
        """What the run is about: its task, or the embedded sample, which is no task; without scores the suite."""
        if not any("evaluate" in cell.planned for cell in self.cells):
            return str(self.record["suite"]["name"])
        return "embedded sample" if self.record["data"]["kind"] == "sample" else str(self.record["task"]["name"])

    def link(self, file: str) -> str:
        """Relative to the site's pages, which all lie in its root."""
        return f"runs/{self.folder}/{file}"

    def source(self, cell: Cell) -> str:
        """A cell's place in the record."""
        return self.link(cell.source())

    def refused(self) -> list[str]:
        return [f"{cell.name}: {text}" for cell in self.cells if (text := refused(cell))]


@dataclass(frozen=True)
class LeftOut:
    """A record that no page shows, by its folder's name, and why."""

    folder: str
    why: str


def gather(places: Iterable[Path]) -> tuple[tuple[SiteRun, ...], tuple[LeftOut, ...]]:
    """Every `RUN/record.json` below the places, the newest run first. Of two folders of one name, the earlier place's counts."""
    found: dict[str, Path] = {}
    for place in places:
        for path in sorted(place.glob(f"*/{RECORD}")):
            if not path.parent.is_symlink():
                found.setdefault(path.parent.name, path.parent)
    runs, left_out = [], []
    for folder in found.values():
        try:
            runs.append(site_run(folder))
        except UsageError as error:
            left_out.append(LeftOut(str(cleaned(folder.name)), str(cleaned(error.message))))
    return tuple(sorted(runs, key=lambda run: (run.created, run.folder), reverse=True)), tuple(left_out)


def site_run(folder: Path) -> SiteRun:
    """Raises UsageError for a folder without a record of today's shape."""
    record = clean(read(folder))
    try:
        _created(record)
        return SiteRun(slug(folder.name), record, (folder / RECORD).read_bytes(), document(record), cells(record))
    except OLD_SHAPE as error:
        problem = f"{type(error).__name__}: {cleaned(str(error))}"
        raise UsageError(f"the record of {folder.name} has not this version's shape ({problem})") from error


def subjects(runs: Sequence[SiteRun]) -> dict[str, list[SiteRun]]:
    """Runs by what they are about, names in their order, each subject's newest run first."""
    by_name: dict[str, list[SiteRun]] = {}
    for run in runs:
        by_name.setdefault(run.subject, []).append(run)
    return dict(sorted(by_name.items(), key=lambda item: item[0].lower()))


def slug(name: str) -> str:
    """A name that is safe in a path and an address. A name that had to be changed keeps apart from others by its hash."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-")[:80]
    return safe if safe and safe == name else f"{safe or 'unnamed'}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _created(record: Mapping[str, Any]) -> datetime.datetime:
    """In UTC. Raises ValueError for what is no time."""
    found = datetime.datetime.fromisoformat(record["created_at"])
    utc = datetime.timezone.utc
    return found.astimezone(utc) if found.tzinfo else found.replace(tzinfo=utc)
