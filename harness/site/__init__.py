"""The report site: an index, a page for each task, a leaderboard, and the reports and records that every number is drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.paths import PUBLISHED
from harness.record import RECORD
from harness.report import texts
from harness.report.document import Document
from harness.report.markdown import markdown
from harness.report.page import page
from harness.site import data, index, leaderboard, parts, task_page
from harness.site.folder import replace
from harness.site.ranking import rankings
from harness.site.runs import LeftOut, SiteRun, gather, subjects

__all__ = ["Site", "publish"]


@dataclass(frozen=True)
class Site:
    index: Path
    runs: int
    left_out: tuple[LeftOut, ...]


def publish(runs: Path, to: Path, published: Path = PUBLISHED) -> Site:
    """Write the site of all finished runs below `runs` and of the published ones into the folder `to`, replacing an earlier site whole.

    Raises UsageError where `to` holds something else, InfrastructureError where it cannot be written.
    """
    found, left_out = gather((published, runs))
    replace(to, parts.SITE, lambda folder: _write(folder, found, left_out))
    return Site(to / parts.INDEX, len(found), left_out)


def _write(folder: Path, runs: Sequence[SiteRun], left_out: Sequence[LeftOut]) -> None:
    by_subject, ranked = subjects(runs), rankings(runs)
    names = tuple(by_subject)
    pages: dict[str, Document] = {
        parts.INDEX: index.document(by_subject, left_out),
        parts.LEADERBOARD: leaderboard.document(ranked, names),
    }
    pages |= {parts.task_page(name): task_page.document(name, by_subject[name], names) for name in names}
    for file, document in pages.items():
        _save(folder / file, page(document))
        _save((folder / file).with_suffix(".md"), markdown(document))
    _save(folder / parts.LEADERBOARD_CSV, data.leaderboard_csv(ranked))
    _save(folder / parts.SITE, data.site_json(by_subject, ranked, left_out))
    for run in runs:
        _copy(run, folder / "runs" / run.folder)


def _copy(run: SiteRun, folder: Path) -> None:
    """The report, drawn from the record as it is read today, and the record as it was written."""
    folder.mkdir(parents=True)
    for name, text in texts(run.record, run.report).items():
        _save(folder / name, text)
    (folder / RECORD).write_bytes(run.original)


def _save(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
