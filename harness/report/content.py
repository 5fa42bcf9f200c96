"""What a report says, in its order: the answer, what was resolved, the table, the claims, and then the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.report import (
    answer,
    evidence,
    inference,
    memory,
    provenance,
    seeds,
    sizes,
    statistics,
    validity,
    verdicts,
)
from harness.report.charts import interval_figure
from harness.report.document import Document, Figure, Figures, Group, Paragraph, Section, Span, Table, Text, plain
from harness.report.facts import cells
from harness.report.plots import Mark
from harness.report.results import ResultRow, ResultTable, result_tables
from harness.report.values import Value

Record = Mapping[str, Any]


def document(record: Record) -> Document:
    sections = (
        _resolved(record),
        _result(record),
        verdicts.section(record),
        evidence.agreement(record),
        seeds.section(record),
        evidence.training(record),
        evidence.errors(record),
        sizes.section(record),
        inference.section(record),
        memory.section(record),
        validity.section(record),
        provenance.provenance(record),
        provenance.commands(record),
    )
    return Document(
        title=answer.title(record),
        lead=(answer.answer(record), *answer.notices(record)),
        sections=tuple(section for section in sections if section.blocks),
    )


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
    first, *others = result_tables(record)
    tables = (
        _result_table(first, "Published beside measured"),
        *(_result_table(other, other.columns[3]) for other in others),
    )
    figure = _accuracy_figure(record)
    how_to_read = f"{HOW_TO_READ_ACCURACIES} {HOW_TO_READ}" if figure else HOW_TO_READ
    return Section(
        "result", "Result", (*tables, Paragraph(plain(how_to_read)), *((Figures("", (figure,)),) if figure else ()))
    )


HOW_TO_READ_ACCURACIES = (
    "Accuracies carry 95 % Wilson intervals, their difference a paired one and the p of McNemar's test."
)
HOW_TO_READ = (
    "Parameters are the encoder's with its pooler, which is what serves; in training, the head and the projection add to the "
    "student's. A dataset pass is the published clock: every dev row once, with the loader inside. A forward pass is the model alone: "
    "inputs prepared and resident on the device. Times are medians over rounds of fresh processes; they and their ratios carry 95 % "
    "bootstrap intervals. A time stands only where it is valid, else its status and why. Measured numbers are rounded to nearest; "
    "published ones stand as printed."
)


def _result_table(result: ResultTable, caption: str) -> Table:
    groups = tuple(
        Group(tuple(_result_row(row) for row in result.rows if row.quantity == quantity), quantity)
        for quantity in dict.fromkeys(row.quantity for row in result.rows)
    )
    return Table(caption, result.columns, groups, frozenset({1, 2, 3}))


def _result_row(row: ResultRow) -> tuple[Text, ...]:
    who = (Span(row.who, "strong"),) if row.published else plain(row.who)
    return who, *(_spans(value) for value in (row.teacher, row.student, row.change))


def _spans(value: Value) -> Text:
    return (Span(value.text, value.kind), *((Span(value.note, "note"),) if value.note else ()))


def _accuracy_figure(record: Record) -> Figure | None:
    published = [
        Mark(f"published {claim['role']}", claim["role"], 100 * claim["published"])
        for claim in verdicts.distinct(record["claims"])
        if claim["quantity"] == "accuracy"
    ]
    measured = [
        Mark(f"{cell.name} {role}", role, 100 * correct / cell.counts.rows, 100 * interval.low, 100 * interval.high)
        for cell in cells(record)
        if cell.counts
        for role, correct in (("teacher", cell.counts.teacher), ("student", cell.counts.student))
        for interval in (statistics.wilson(correct, cell.counts.rows),)
    ]
    if not measured:
        return None
    return interval_figure("Dev accuracy with 95 % intervals", "accuracy in %", [*published, *measured])
