"""What a report says, in its order: the answer, what was resolved, the table, the claims, and then the evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from harness.report import evidence, figures, statistics
from harness.report.document import (
    Block,
    Bullets,
    Document,
    Figure,
    Figures,
    Group,
    Notice,
    Paragraph,
    Section,
    Span,
    Table,
    Text,
    noted,
    plain,
)
from harness.report.facts import Cell, cells, data_name
from harness.report.plots import Mark, interval_chart
from harness.report.provenance import commands, provenance
from harness.report.table import COLUMNS, ResultRow, compared, result_rows
from harness.report.verdict import NOT_COMPARABLE, NOT_REPRODUCED, REPRODUCED

Record = Mapping[str, Any]


def document(record: Record) -> Document:
    sections = (
        _resolved(record),
        _result(record),
        _claims(record),
        evidence.agreement(record),
        evidence.training(record),
        evidence.errors(record),
        evidence.sizes_and_times(record),
        provenance(record),
        commands(record),
    )
    return Document(
        title=f"TinyBERT on {_where(record)}",
        lead=(_answer(record), *_notices(record)),
        sections=tuple(section for section in sections if section.blocks),
    )


def _where(record: Record) -> str:
    return f"the {data_name(record)}" if record["data"]["kind"] == "sample" else data_name(record)


# The answer, and what must be known before believing it.


def _answer(record: Record) -> Block:
    sentences = [(cell, _sentence(cell, record)) for cell in cells(record)]
    if len(sentences) == 1:
        return Paragraph(plain(sentences[0][1]))
    return Bullets(tuple((Span(f"{cell.name}: ", "strong"), Span(sentence)) for cell, sentence in sentences))


def _sentence(cell: Cell, record: Record) -> str:
    """What distillation cost and what it bought, in words; or which stage is missing to say so."""
    counts, teacher, student = cell.counts, cell.teacher, cell.student
    if counts is None or teacher is None or student is None:
        return f"No answer, for want of a result from {', '.join(cell.missing())}."
    difference = (counts.student - counts.teacher) / counts.rows
    interval = statistics.paired_difference(counts.only_teacher, counts.only_student, counts.rows)
    speed, within = statistics.median_ratio(teacher.dataset_pass_s, student.dataset_pass_s)
    size = teacher.parameters["encoder"] / student.parameters["encoder"]
    return (
        f"On {_where(record)} ({figures.count(counts.rows)} dev rows), distillation {'cost' if difference <= 0 else 'gained'} "
        f"{abs(100 * difference):.1f} points of accuracy ({figures.percent(counts.teacher / counts.rows)} to "
        f"{figures.percent(counts.student / counts.rows)}; 95 % interval of the difference {figures.points_interval(interval)}) "
        f"and gave a model {compared(size, 'smaller', 'larger')} whose dataset pass is {compared(speed, 'faster', 'slower')}"
        f"{f' ({figures.ratio_interval(within)})' if within else ''}."
    )


def _notices(record: Record) -> list[Notice]:
    found = [
        (
            "Incomplete.",
            f"{cell.name} is {cell.status}: no result from {', '.join(missing)}.{cell.message and f' {cell.message}'}",
        )
        for cell in cells(record)
        if (missing := cell.missing())
    ]
    if record["data"]["kind"] == "sample":
        text = "Its sentences come from this project's generator; no number here is a result on a published data set."
        found.append(("Embedded sample.", text))
    elif not record["data"]["verified"]:
        found.append(
            ("Unverified data.", f"The files do not have the published checksums of {record['data']['name']}.")
        )
    if record["profile"] == "quick":
        text = "The same stages on less work; the accuracies are not those of the published recipe."
        found.append(("Quick profile.", text))
    return [Notice((Span(f"{head} ", "strong"), Span(text))) for head, text in found]


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


# The result.


def _result(record: Record) -> Section:
    rows = result_rows(record)
    groups = tuple(
        Group(tuple(_result_row(row) for row in rows if row.quantity == quantity), quantity)
        for quantity in dict.fromkeys(row.quantity for row in rows)
    )
    table = Table("Published beside measured", COLUMNS, groups, frozenset({1, 2, 3}))
    figure = _accuracy_figure(record)
    return Section(
        "result", "Result", (table, Paragraph(plain(HOW_TO_READ)), *((Figures("", (figure,)),) if figure else ()))
    )


HOW_TO_READ = (
    "Accuracies carry 95 % Wilson intervals; their difference carries a paired 95 % interval and the p of McNemar's test. Parameters are "
    "the encoder's with its pooler, which is what serves; in training, the head and the projection add to the student's. Times are "
    "medians with the range of their rounds, and their ratio carries a 95 % bootstrap interval over rounds. Measured numbers are "
    "rounded to nearest; published ones stand as printed."
)


def _result_row(row: ResultRow) -> tuple[Text, ...]:
    who = (Span(row.who, "strong"),) if row.published else plain(row.who)
    return who, *(noted(value.text, value.note) for value in (row.teacher, row.student, row.change))


def _accuracy_figure(record: Record) -> Figure | None:
    published = [
        Mark(f"published {claim['role']}", claim["role"], 100 * claim["published"])
        for claim in _distinct(record["claims"])
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
    title, unit, marks = "Dev accuracy with 95 % intervals", "accuracy in %", [*published, *measured]
    return Figure(title, interval_chart(title, unit, marks), evidence.mark_table(title, unit, marks))


# The verdicts.

Claims = Sequence[Mapping[str, Any]]
BADGES: dict[str, Literal["good", "bad", "caution"]] = {
    REPRODUCED: "good",
    NOT_REPRODUCED: "bad",
    NOT_COMPARABLE: "caution",
}
QUANTITIES = {
    "accuracy": "accuracy",
    "parameters": "parameters",
    "parameter_ratio": "parameter ratio",
    "dataset_pass_s": "dataset pass",
    "speedup": "speed-up",
}


def _claims(record: Record) -> Section:
    claims = record["claims"]
    if not claims:
        return Section("claims", "Published claims", (Paragraph(plain("No claims about this task are on file.")),))
    groups = tuple(
        Group(
            tuple(_verdict(each) for each in claims if each["id"] == claim["id"]),
            f"{_subject(claim)}: {claim['printed']}",
        )
        for claim in _distinct(claims)
    )
    table = Table(
        "Each published number held against each cell", ("cell", "what was found, and why the verdict"), groups
    )
    sources = {claim["source"]: claim for claim in claims}.values()
    return Section(
        "claims",
        "Published claims",
        (
            *((Paragraph(plain(NOT_COMPARABLE_MEANS)),) if any(c["verdict"] == NOT_COMPARABLE for c in claims) else ()),
            table,
            *(Paragraph(_source(claim)) for claim in sources),
            Paragraph(plain("How each number was printed, and what counts as the same:")),
            Bullets(tuple(_terms(claim) for claim in _distinct(claims))),
        ),
    )


NOT_COMPARABLE_MEANS = (
    "Not comparable: a condition of the published number does not hold here, so the measured one decides nothing."
)


def _verdict(claim: Mapping[str, Any]) -> tuple[Text, ...]:
    why = "; ".join(claim["why"])
    reason = f"{why[:1].upper()}{why[1:]}." if why else "Every condition holds, and the numbers agree."
    found = (Span(claim["text"] or "Nothing measured."), Span(reason, "note"))
    return (Span(claim["cell"]), Span(claim["verdict"], BADGES[claim["verdict"]])), found


def _subject(claim: Mapping[str, Any]) -> str:
    quantity = QUANTITIES[claim["quantity"]]
    return quantity.capitalize() if claim["role"] == "both" else f"{claim['role'].capitalize()} {quantity}"


def _terms(claim: Mapping[str, Any]) -> Text:
    return (
        Span(f"{_subject(claim)}: ", "strong"),
        Span(" ".join(part for part in (claim["note"], claim["tolerance"]) if part)),
    )


def _source(claim: Mapping[str, Any]) -> Text:
    return (Span("Source: "), Span(claim["source"], url=claim["source_url"]), Span(f". {claim['source_conditions']}"))


def _distinct(claims: Claims) -> list[Mapping[str, Any]]:
    """Each claim once, whichever cell it was held against."""
    return list({claim["id"]: claim for claim in claims}.values())
