"""What a report says, in its order: the answer, what was resolved, the table, the claims, and then the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.report import (
    answer,
    attention,
    augmentation,
    errors,
    files,
    inference,
    memory,
    provenance,
    seeds,
    sizes,
    training,
    validity,
    verdicts,
)
from harness.report.charts import interval_figure
from harness.report.dev_sets import MODELS
from harness.report.document import Document, Figure, Figures, Group, Paragraph, Section, Span, Table, Text, plain
from harness.report.facts import cells
from harness.report.language import language, translated_table
from harness.report.plots import Mark
from harness.report.printed import distinct
from harness.report.results import ResultRow, ResultTable, result_tables, scored
from harness.report.sources import linked_section, linked_table, places
from harness.report.statistics import Interval
from harness.report.values import Value

Record = Mapping[str, Any]


def document(record: Record) -> Document:
    sections = (
        _resolved(record),
        _result(record),
        translated(record, "zh", "zh"),
        verdicts.section(record),
        seeds.section(record),
        errors.section(record),
        attention.section(record),
        augmentation.section(record),
        training.section(record),
        sizes.section(record),
        inference.section(record),
        memory.section(record),
        validity.section(record),
        provenance.provenance(record),
        provenance.commands(record),
    )
    return Document(
        title=answer.title(record),
        lead=(answer.answer(record), *answer.notices(record), files.line()),
        sections=tuple(linked_section(section, record) for section in sections if section.blocks),
    )


def headline_table(record: Record, folder: str = "") -> Table:
    """The first result table: published beside measured. `folder` leads from the page to the record's (`sources.places`)."""
    return linked_table(_result_table(result_tables(record)[0]), places(record, folder=folder))


def translated(record: Record, name: str, slug: str, folder: str = "") -> Section:
    """The answer and the headline table in another language."""
    words = language(name)
    table = translated_table(headline_table(record, folder), words)
    return Section(slug, words.heading, (answer.answer(record, words), table), words.tag)


def _resolved(record: Record) -> Section:
    rows = tuple(
        (
            plain(item["what"]),
            (Span(item["choice"]), *((Span("fallback", "caution"),) if item["fallback"] else ())),
            plain(item["reason"]),
        )
        for item in record["resolved"]
    )
    table = Table("What this run resolved to; a fallback is marked", ("what", "choice", "why"), (Group(rows),))
    return Section("resolved", "What was resolved", (table,) if rows else ())


def _result(record: Record) -> Section:
    tables = tuple(map(_result_table, result_tables(record)))
    figure = _score_figure(record)
    how_to_read = f"{_how_to_read_scores(record)} {HOW_TO_READ}" if figure else HOW_TO_READ
    return Section(
        "result", "Result", (*tables, Paragraph(plain(how_to_read)), *((Figures("", (figure,)),) if figure else ()))
    )


ACCURACIES = "Accuracies carry 95 % Wilson intervals, their difference a paired one and the p of McNemar's test."
OTHERS = "{} 95 % bootstrap intervals over the dev rows, their difference a paired one in hundredths."
CORRELATION = "The mean correlation is the mean of Pearson's and Spearman's."
HOW_TO_READ = (
    "Parameters are the encoder's with its pooler, which is what serves; in training, the head and the projection add to the "
    "student's. A dataset pass is the published clock: every dev row once, with the loader inside. A forward pass is the model alone: "
    "inputs prepared and resident on the device. Times are medians over rounds of fresh processes; they and their ratios carry 95 % "
    "bootstrap intervals. A time stands only where it is valid, else its status and why. Measured numbers are rounded to nearest; "
    "published ones stand as printed."
)


def _result_table(result: ResultTable) -> Table:
    groups = tuple(
        Group(tuple(_result_row(row) for row in result.rows if row.quantity == quantity), quantity)
        for quantity in dict.fromkeys(row.quantity for row in result.rows)
    )
    return Table(result.caption, result.columns, groups, frozenset({1, 2, 3}))


def _result_row(row: ResultRow) -> tuple[Text, ...]:
    who = (Span(row.who, "strong"),) if row.published else plain(row.who)
    return who, *(spans_of(value) for value in (row.teacher, row.student, row.change))


def spans_of(value: Value) -> Text:
    return (Span(value.text, value.kind), *((Span(value.note, "note"),) if value.note else ()))


def _how_to_read_scores(record: Record) -> str:
    """How the intervals of the task's metrics come about."""
    metrics = record["task"]["metrics"]
    others = any(name != "accuracy" for name in metrics)
    parts = [ACCURACIES] if "accuracy" in metrics else []
    parts += [OTHERS.format("Other scores carry" if parts else "Scores carry")] if others else []
    return " ".join([*parts, CORRELATION] if "corr" in metrics else parts)


def _score_figure(record: Record) -> Figure | None:
    """The headline's scores, measured and, of dev sets, published."""
    metric, dev_set = scored(record)[0]
    published = [
        Mark(f"{claim['variant'] or claim['source_name']}, {claim['role']}", claim["role"], 100 * claim["published"])
        for claim in distinct(record["claims"])
        if (claim["quantity"], claim["metric"], claim["split"]) == ("score", metric.name, "dev")
        and claim["dev_set"] in (None, dev_set)
    ]
    measured = [
        Mark(f"{cell.name} {model}", model, 100 * score.value, *_ends(score.interval))
        for cell in cells(record)
        if cell.first_dev_set
        for model in MODELS
        for score in (cell.first_dev_set.score(model, metric.name),)
        if score.value is not None
    ]
    if not measured:
        return None
    return interval_figure(f"Dev {metric.label} with 95 % intervals", metric.axis, [*published, *measured])


def _ends(interval: Interval | None) -> tuple[float | None, float | None]:
    return (100 * interval.low, 100 * interval.high) if interval else (None, None)
