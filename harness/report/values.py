"""What the cells of a result table hold: a published number as printed, or a measured one with its spread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from harness.report import figures, statistics
from harness.report.facts import Cell
from harness.report.measured import ENGINE, FLOAT32, Model, Ratio, Timing, Workload
from harness.report.status import BADGES, reasons


@dataclass(frozen=True)
class Value:
    """A number as it reads, and its spread, sample size or condition. Another `kind` than plain: no number, but why there is none."""

    text: str
    note: str = ""
    kind: Literal["plain", "good", "caution", "bad"] = "plain"


Values = tuple[Value, Value, Value]
NOT_MEASURED = Value("not measured")
NOT_PUBLISHED = Value("not published")
NO_RATIO = Value("no ratio", "for want of a valid time")


def compared(ratio: float, better: str, worse: str) -> str:
    """`3.12x faster`, and `0.80x (slower)` rather than a ratio turned upside down."""
    return f"{figures.ratio(ratio)} {better}" if ratio >= 1 else f"{figures.ratio(ratio)} ({worse})"


# The published line.

Claims = Mapping[tuple[str, str], Mapping[str, Any]]


def published_accuracy(claims: Claims) -> Values:
    teacher, student = claims.get(("accuracy", "teacher")), claims.get(("accuracy", "student"))
    both = teacher and student
    change = Value(figures.points(both["published"] - teacher["published"])) if teacher and both else NOT_PUBLISHED
    return _printed(teacher), _printed(student), change


def published(claims: Claims, quantity: str, ratio: str, better: str) -> Values:
    change = claims.get((ratio, "both"))
    return (
        _printed(claims.get((quantity, "teacher"))),
        _printed(claims.get((quantity, "student"))),
        Value(f"{change['printed']} {better}") if change else NOT_PUBLISHED,
    )


def _printed(claim: Mapping[str, Any] | None) -> Value:
    return Value(claim["printed"]) if claim else NOT_PUBLISHED


# A cell's lines.


def accuracy(cell: Cell) -> Values:
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


def parameters(cell: Cell, model: Model | None) -> Values:
    if cell.teacher is None or model is None:
        return NOT_MEASURED, NOT_MEASURED, NOT_MEASURED
    teacher, student, training = (
        cell.teacher.parameters["encoder"],
        model.parameters["encoder"],
        model.training_parameters,
    )
    smaller = compared(teacher / student, "smaller", "larger")
    if not model.parameters.get("projection"):
        return Value(figures.count(teacher)), Value(figures.count(student)), Value(smaller)
    return (
        Value(figures.count(teacher)),
        Value(figures.count(student), f"{figures.count(training)} in training"),
        Value(smaller, f"{figures.ratio(teacher / training)} in training"),
    )


def dataset_pass(cell: Cell, model: Model | None) -> Values:
    if cell.measured is None or cell.teacher is None or model is None:
        return NOT_MEASURED, NOT_MEASURED, NOT_MEASURED
    teacher, student = _seconds(cell.teacher.dataset_pass), _seconds(model.dataset_pass)
    if model.role == "student":
        return teacher, student, _ratio(cell.measured.dataset_pass_speedup)
    return teacher, student, Value("no ratio", "taken of forward passes alone")


def _seconds(timing: Timing | None) -> Value:
    return _timed(timing, figures.seconds, figures.seconds_interval)


def forward(cell: Cell, model: Model | None, inputs: Workload) -> Values:
    if cell.measured is None or cell.teacher is None or model is None:
        return NOT_MEASURED, NOT_MEASURED, NOT_MEASURED
    workloads = [
        Workload(each.name, ENGINE, FLOAT32, inputs.batch_size, inputs.length) for each in (cell.teacher, model)
    ]
    teacher, student = (
        _timed(found.timing if found else None, figures.milliseconds, figures.milliseconds_interval)
        for found in map(cell.measured.time, workloads)
    )
    return teacher, student, _ratio(cell.measured.speedup(workloads[1], cell.teacher.name))


def _timed(
    timing: Timing | None, write: Callable[[float], str], write_interval: Callable[[statistics.Interval], str]
) -> Value:
    if timing is None:
        return NOT_MEASURED
    if not timing.valid or timing.median is None:
        return Value(timing.status, reasons(timing), BADGES.get(timing.status, "bad"))
    interval = f"{write_interval(timing.interval)}, " if timing.interval else ""
    return Value(write(timing.median), f"{interval}{timing.rounds} rounds")


def _ratio(ratio: Ratio | None) -> Value:
    if ratio is None:
        return NO_RATIO
    note = figures.ratio_interval(ratio.interval) if ratio.interval else "no interval"
    return Value(compared(ratio.ratio, "faster", "slower"), note)
