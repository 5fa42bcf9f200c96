"""The site's first page: the latest run of each subject with its answer and headline table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.report import answer
from harness.report.content import headline_table, translated
from harness.report.document import Bullets, Document, Paragraph, Section, Span, plain
from harness.site import parts
from harness.site.runs import LeftOut, SiteRun, slug

TITLE = "TinyBERT Bench"
WHAT = (
    "What TinyBERT distillation buys and what it costs: the latest run of each task, published numbers beside measured ones. Every table "
    "has links to the report and the record that it was drawn from; the name of a cell leads to its place in the record."
)
NO_RUN = "No finished run yet."


def document(by_subject: Mapping[str, Sequence[SiteRun]], left_out: Sequence[LeftOut]) -> Document:
    subjects = tuple(by_subject)
    sections = [_latest(subject, runs) for subject, runs in by_subject.items()]
    for subject, runs in by_subject.items():
        summary = translated(runs[0].record, "zh", f"zh-{slug(subject)}", runs[0].link(""))
        sections.append(replace(summary, title=f"{subject} · {summary.title}"))
    if left_out:
        items = tuple((Span(f"{each.folder}: ", "strong"), Span(f"{each.why}.")) for each in left_out)
        sections.append(Section("left-out", "Left out", (Bullets(items),)))
    return Document(
        title=TITLE,
        lead=(Paragraph(plain(WHAT if by_subject else NO_RUN)), parts.links(subjects, parts.INDEX)),
        sections=tuple(sections),
    )


def _latest(subject: str, runs: Sequence[SiteRun]) -> Section:
    run, earlier = runs[0], len(runs) - 1
    text = f"{subject}: every run, trend" if not earlier else f"{subject}: {earlier} earlier and this one, trend"
    more = Paragraph((Span(text, url=parts.task_page(subject)),))
    blocks = (
        answer.answer(run.record),
        *answer.notices(run.record),
        headline_table(run.record, run.link("")),
        parts.files(run),
        more,
    )
    return Section(f"latest-{slug(subject)}", subject, blocks)
