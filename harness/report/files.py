"""The files of a run's report, by name, and the line that leads to them: they lie beside one another, on a published site as well."""

from __future__ import annotations

from harness.record import RECORD
from harness.report.document import Paragraph, Span

HTML, MARKDOWN, SHEET = "report.html", "report.md", "results.csv"


def line() -> Paragraph:
    others = [span for file in (SHEET, HTML, MARKDOWN) for span in (Span(" · "), Span(file, url=file))]
    what = Span(" (every number and sample; the name of a cell leads to its place there)")
    return Paragraph((Span("Files: "), Span(RECORD, url=RECORD), what, *others))
