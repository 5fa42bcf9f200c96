"""What the cells of a result table hold: a measured number with its spread, or why there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from harness.report import figures, statistics
from harness.report.dev_sets import DevSet, Score
from harness.report.facts import Cell
from harness.report.measured import ENGINE, FLOAT32, Model, Ratio, Timing, Workload
from harness.report.metric import Metric
from harness.report.status import BADGES, reasons


@dataclass(frozen=True)
class Value:
    """A number as it reads, and its spread, sample size or condition. Another `kind` than plain: no number, but why there is none."""

    text: str
    note: str = ""
    kind: Literal["plain", "good", "caution", "bad"] = "plain"


Values = tuple[Value, Value, Value]
NOT_MEASURED = Value("not measured")
NOT_TIMED = Value("not timed", "the suite asks for none")
NOT_PUBLISHED = Value("not published")
NO_RATIO = Value("no ratio", "for want of a valid time")


def compared(ratio: float, better: str, worse: str) -> str:
    """`3.12x faster`, and `0.80x (slower)` rather than a ratio turned upside down."""
    return f"{figures.ratio(ratio)} {better}" if ratio >= 1 else f"{figures.ratio(ratio)} ({worse})"


def score(cell: Cell, metric: Metric, dev_set: str) -> Values:
    """Teacher, student and the change, of an accuracy with McNemar's p."""
    found = cell.dev_set(dev_set)
    if found is None:
        return NOT_MEASURED, NOT_MEASURED, NOT_MEASURED
    teacher, student, change = found.compared(metric.name)
    notes = [figures.points_interval(change.interval)] if change.interval else []
    if metric.name == "accuracy" and found.counts:
        notes.append(figures.p_value(found.counts.p))
    return (
        _score(teacher, metric, found),
        _score(student, metric, found),
        Value(metric.change(change.value), ", ".join(notes)),
    )


def _score(score: Score, metric: Metric, dev_set: DevSet) -> Value:
    interval = f"{metric.interval(score.interval)}, " if score.interval else ""
    return Value(metric.value(score.value), f"{interval}n = {figures.count(dev_set.rows)}")


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
    if cell.teacher.dataset_pass is None and model.dataset_pass is None:
        return NOT_TIMED, NOT_TIMED, Value("no ratio")
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
