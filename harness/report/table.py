"""The result table: what was published beside what each cell measured. Its rows serve the terminal, HTML and Markdown alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.report import figures, statistics
from harness.report.facts import Cell, cells, cleaned, data_name
from harness.report.statistics import Interval
from harness.report.verdict import NOT_COMPARABLE, NOT_REPRODUCED, REPRODUCED

COLUMNS = ("source", "teacher", "student", "student against teacher")


@dataclass(frozen=True)
class Value:
    """A number as it reads, and its spread, sample size or condition."""

    text: str
    note: str = ""


@dataclass(frozen=True)
class ResultRow:
    """One line of the table: a published one, or one cell's."""

    quantity: str
    who: str
    published: bool
    teacher: Value
    student: Value
    change: Value


NOT_MEASURED = Value("not measured")
NOT_PUBLISHED = Value("not published")


def result_rows(record: Mapping[str, Any]) -> tuple[ResultRow, ...]:
    """Quantity by quantity: the published line, where the record's claims have one, then the cells in their order."""
    claims = {(claim["quantity"], claim["role"]): claim for claim in record["claims"]}
    accuracy = f"accuracy, {data_name(record)} dev set"
    rows = []
    for quantity, published, measured in (
        (accuracy, _published_accuracy(claims), _accuracy),
        ("parameters", _published(claims, "parameters", "parameter_ratio", "smaller"), _parameters),
        ("dataset pass", _published(claims, "dataset_pass_s", "speedup", "faster"), _dataset_pass),
    ):
        if any(value is not NOT_PUBLISHED for value in published):
            rows.append(ResultRow(quantity, f"published ({record['task']['name']})", True, *published))
        rows += [ResultRow(quantity, cell.name, False, *measured(cell)) for cell in cells(record)]
    return tuple(rows)


def compared(ratio: float, better: str, worse: str) -> str:
    """`3.12x faster`, and `0.80x (slower)` rather than a ratio turned upside down."""
    return f"{figures.ratio(ratio)} {better}" if ratio >= 1 else f"{figures.ratio(ratio)} ({worse})"


def result_table(record: Mapping[str, Any]) -> RenderableType:
    """The table for the terminal, with the verdicts counted below it."""
    record = cleaned(record)
    title = Text(f"{data_name(record)}, {record['profile']} profile", style="bold")
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in COLUMNS:
        table.add_column(column, justify="left" if column == COLUMNS[0] else "right", overflow="fold")
    quantity = ""
    for row in result_rows(record):
        if row.quantity != quantity:
            quantity = row.quantity
            if table.row_count:
                table.add_section()
            table.add_row(Text(quantity, style="bold"))
        style = "dim" if row.published else ""
        table.add_row(
            Text(f"  {row.who}"), *(_terminal(value) for value in (row.teacher, row.student, row.change)), style=style
        )
    return Group(table, *_verdict_lines(record))


def _terminal(value: Value) -> Text:
    return Text.assemble(value.text, (f"\n{value.note}", "dim")) if value.note else Text(value.text)


def _verdict_lines(record: Mapping[str, Any]) -> list[Text]:
    """One line a cell: how many claims got which verdict."""
    lines = []
    for cell in cells(record):
        verdicts = [claim["verdict"] for claim in record["claims"] if claim["cell"] == cell.name]
        counts = [f"{verdicts.count(v)} {v}" for v in (REPRODUCED, NOT_REPRODUCED, NOT_COMPARABLE) if v in verdicts]
        if counts:
            lines.append(Text(f"published claims, {cell.name}: {', '.join(counts)} (why: report.md)"))
    return lines


# The published line.

Claims = Mapping[tuple[str, str], Mapping[str, Any]]


def _published_accuracy(claims: Claims) -> tuple[Value, Value, Value]:
    teacher, student = claims.get(("accuracy", "teacher")), claims.get(("accuracy", "student"))
    both = teacher and student
    change = Value(figures.points(both["published"] - teacher["published"])) if teacher and both else NOT_PUBLISHED
    return _printed(teacher), _printed(student), change


def _published(claims: Claims, quantity: str, ratio: str, better: str) -> tuple[Value, Value, Value]:
    change = claims.get((ratio, "both"))
    return (
        _printed(claims.get((quantity, "teacher"))),
        _printed(claims.get((quantity, "student"))),
        Value(f"{change['printed']} {better}") if change else NOT_PUBLISHED,
    )


def _printed(claim: Mapping[str, Any] | None) -> Value:
    return Value(claim["printed"]) if claim else NOT_PUBLISHED


# A cell's lines.


def _accuracy(cell: Cell) -> tuple[Value, Value, Value]:
    counts = cell.counts
    if counts is None:
        return NOT_MEASURED, NOT_MEASURED, NOT_MEASURED
    difference = (counts.student - counts.teacher) / counts.rows
    interval = statistics.paired_difference(counts.only_teacher, counts.only_student, counts.rows)
    p = statistics.mcnemar(counts.only_teacher, counts.only_student)
    note = f"{figures.points_interval(interval)}, {figures.p_value(p)}"
    return (
        _proportion(counts.teacher, counts.rows),
        _proportion(counts.student, counts.rows),
        Value(figures.points(difference), note),
    )


def _proportion(correct: int, rows: int) -> Value:
    note = f"{figures.percent_interval(statistics.wilson(correct, rows))}, n = {figures.count(rows)}"
    return Value(figures.percent(correct / rows), note)


def _parameters(cell: Cell) -> tuple[Value, Value, Value]:
    if cell.teacher is None or cell.student is None:
        return NOT_MEASURED, NOT_MEASURED, NOT_MEASURED
    teacher, student = cell.teacher.parameters, cell.student.parameters
    training = student["encoder"] + student["head"] + student["projection"]
    return (
        Value(figures.count(teacher["encoder"])),
        Value(figures.count(student["encoder"]), f"{figures.count(training)} in training"),
        Value(
            compared(teacher["encoder"] / student["encoder"], "smaller", "larger"),
            f"{figures.ratio(teacher['encoder'] / training)} in training",
        ),
    )


def _dataset_pass(cell: Cell) -> tuple[Value, Value, Value]:
    if cell.teacher is None or cell.student is None:
        return NOT_MEASURED, NOT_MEASURED, NOT_MEASURED
    teacher, student = cell.teacher.dataset_pass_s, cell.student.dataset_pass_s
    ratio, interval = statistics.median_ratio(teacher, student)
    return _median(teacher), _median(student), Value(compared(ratio, "faster", "slower"), _ratio_note(interval))


def _median(samples: tuple[float, ...]) -> Value:
    spread = statistics.spread(samples)
    return Value(figures.seconds(spread.median), figures.seconds_spread(spread))


def _ratio_note(interval: Interval | None) -> str:
    return figures.ratio_interval(interval) if interval else "one round: no interval"
