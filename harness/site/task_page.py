"""A subject's page: every run of a task, its conditions, its results, and how they went over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.report.content import translated
from harness.report.document import Document, Notice, Paragraph, Section, Span, plain
from harness.report.language import language, translated_table
from harness.site import parts, trends
from harness.site.runs import SiteRun


def document(subject: str, runs: Sequence[SiteRun], subjects: Sequence[str]) -> Document:
    """`runs`: the subject's, the newest first."""
    rows = [(run, cell) for run in runs for cell in run.cells]
    total = f"{len(runs)} {'run' if len(runs) == 1 else 'runs'}, {len(rows)} {'cell' if len(rows) == 1 else 'cells'}."
    notices = [
        Notice((Span("Timings that do not count. ", "strong"), Span(f"{run.name}, {text}.")))
        for run in runs
        for text in run.refused()
    ]
    sections = (
        Section("results", "Results", (parts.results_table(rows),) if rows else ()),
        *([_translated(runs[0], rows, "zh")] if rows else []),
        trends.section(runs),
        Section("runs", "Runs", (parts.conditions_table(rows), *map(parts.files, runs)) if rows else ()),
    )
    return Document(
        title=f"{subject}: every run",
        lead=(Paragraph(plain(total)), parts.links(subjects, parts.task_page(subject)), *notices),
        sections=tuple(section for section in sections if section.blocks),
    )


def _translated(latest: SiteRun, rows: Sequence[parts.Row], name: str) -> Section:
    """The latest run's answer and headline table in another language, and what every cell found."""
    words = language(name)
    section = translated(latest.record, name, name, latest.link(""))
    which = Paragraph(plain(words.say("latest", run=latest.name)))
    return replace(section, blocks=(which, *section.blocks, translated_table(parts.results_table(rows), words)))
