"""The report of a run: `render` writes it, `judge` holds the published claims against a record, `result_table` is for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import InfrastructureError
from harness.record import write_atomically
from harness.report.content import document
from harness.report.facts import clean
from harness.report.markdown import markdown
from harness.report.page import page
from harness.report.sheet import sheet
from harness.report.table import result_table
from harness.report.verdict import judge

__all__ = ["ReportPaths", "judge", "render", "result_table"]


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
    content = document(record)
    paths = ReportPaths(run_dir / "report.html", run_dir / "report.md", run_dir / "results.csv")
    texts = {paths.html: page(content), paths.markdown: markdown(content), paths.sheet: sheet(record)}
    try:
        for path, text in texts.items():
            write_atomically(path, text)
    except OSError as error:
        raise InfrastructureError(
            f"cannot write the report into {run_dir}: {error.strerror}; the record is kept"
        ) from error
    return paths
