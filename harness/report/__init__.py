"""The report of a run: `render` writes it, `judge` holds the published claims against a record, `result_table` is for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import InfrastructureError
from harness.record import write_atomically
from harness.report.content import document
from harness.report.document import Document
from harness.report.facts import clean
from harness.report.files import HTML, MARKDOWN, SHEET
from harness.report.markdown import markdown
from harness.report.page import page
from harness.report.sheet import sheet
from harness.report.table import result_table
from harness.report.verdict import judge

__all__ = ["HTML", "MARKDOWN", "SHEET", "ReportPaths", "judge", "render", "result_table", "texts"]


@dataclass(frozen=True)
class ReportPaths:
    html: Path
    markdown: Path
    sheet: Path


def render(record: Mapping[str, Any], run_dir: Path) -> ReportPaths:
    """Write `report.html`, `report.md` and `results.csv` into a run's folder, each by atomic rename.

    Raises InfrastructureError when the folder cannot be written; an older report then stands as it was.
    """
    record = clean(record)
    made = texts(record, document(record))
    try:
        for name, text in made.items():
            write_atomically(run_dir / name, text)
    except OSError as error:
        raise InfrastructureError(
            f"cannot write the report into {run_dir}: {error.strerror}; the record is kept"
        ) from error
    return ReportPaths(run_dir / HTML, run_dir / MARKDOWN, run_dir / SHEET)


def texts(record: Mapping[str, Any], content: Document) -> dict[str, str]:
    """A report's files by name; `content` is the clean record's document."""
    return {HTML: page(content), MARKDOWN: markdown(content), SHEET: sheet(record)}
