"""What a cell measured of a published quantity: the value to hold against the published one, and the sentence beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.report import figures, statistics
from harness.report.claims import Claim
from harness.report.conditions import absence
from harness.report.facts import Cell
from harness.report.measured import Model
from harness.report.seeds import SeedGroup
from harness.report.statistics import Interval
from harness.report.status import why


@dataclass(frozen=True)
class Found:
    """A measured value with its interval (None: a count has none), how it reads, and the dev rows of an accuracy."""

    value: float
    interval: Interval | None
    text: str
    sentence: str
    rows: int = 0


@dataclass(frozen=True)
class NotFound:
    why: str


def find(claim: Claim, cell: Cell) -> Found | NotFound:
    return _FINDERS[claim.quantity](claim, cell)


def find_mean(claim: Claim, group: SeedGroup) -> Found:
    """The mean accuracy of a group of seeds, with Student's interval of that mean."""
    seeds = statistics.seeds(group.accuracies(claim.role))
    tolerance = statistics.accuracy_tolerance(group.rows, claim.value)
    text = figures.percent(seeds.mean)
    sentence = (
        f"Mean of {len(seeds.values)} seeds {text} (95 % t-interval {figures.percent_interval(seeds.interval)}, standard deviation "
        f"{100 * seeds.deviation:.2f} points, n = {figures.count(group.rows)})."
    )
    borders = (claim.value - tolerance, claim.value + tolerance)
    if any(border in seeds.interval for border in borders):
        sentence += (
            " The interval of the mean reaches over the border of the tolerance: more seeds may turn the verdict."
        )
    return Found(seeds.mean, seeds.interval, text, sentence, group.rows)


def _not_measured(cell: Cell, stage: str) -> NotFound:
    return NotFound(f"nothing was measured: {absence(cell, stage)}")


def _accuracy(claim: Claim, cell: Cell) -> Found | NotFound:
    if cell.counts is None:
        return _not_measured(cell, "evaluate")
    rows, correct = cell.counts.rows, cell.counts.teacher if claim.role == "teacher" else cell.counts.student
    value, interval = correct / rows, statistics.wilson(correct, rows)
    text = figures.percent(value)
    sentence = f"Measured {text} ({figures.percent_interval(interval)}, n = {figures.count(rows)})."
    return Found(value, interval, text, sentence, rows)


def _parameters(claim: Claim, cell: Cell) -> Found | NotFound:
    model = _model(cell, claim.role)
    if model is None:
        return _not_measured(cell, "measure")
    value = _counted(model, claim, claim.role)
    parts = claim.counted[claim.role]
    sentence = f"Counted as published ({_sum(model, parts)}): {figures.count(value)}."
    if parts != ("encoder",):
        sentence += f" The encoder, which is what serves: {figures.count(model.parameters['encoder'])}."
    return Found(value, None, figures.count(value), sentence)


def _parameter_ratio(claim: Claim, cell: Cell) -> Found | NotFound:
    if cell.teacher is None or cell.student is None:
        return _not_measured(cell, "measure")
    value = _counted(cell.teacher, claim, "teacher") / _counted(cell.student, claim, "student")
    serving = cell.teacher.parameters["encoder"] / cell.student.parameters["encoder"]
    sentence = f"Counted as published {figures.ratio(value)}; encoder against encoder, which is what serves, {figures.ratio(serving)}."
    return Found(value, None, figures.ratio(value), sentence)


def _dataset_pass(claim: Claim, cell: Cell) -> Found | NotFound:
    """The published passes were not warmed up: what compares is the first pass of a fresh process."""
    model = _model(cell, claim.role)
    if model is None:
        return _not_measured(cell, "measure")
    first = model.first_pass_median_s
    if first is None:
        return NotFound(_no_pass(model))
    passes = "pass" if len(model.first_pass_s) == 1 else "passes"
    sentence = f"First {passes} of a fresh process {figures.all_seconds(model.first_pass_s)}; {_warm(model)}."
    return Found(first, None, figures.seconds(first), sentence)


def _warm(model: Model) -> str:
    timing = model.dataset_pass
    if timing is None or timing.median is None:
        return "no warm pass"
    interval = f" ({figures.seconds_interval(timing.interval)})" if timing.interval else ""
    return f"warmed up, the median is {figures.seconds(timing.median)}{interval}"


def _no_pass(model: Model) -> str:
    reason = why(model.dataset_pass) if model.dataset_pass else "not taken"
    return f"nothing that counts was measured: the dataset pass of {model.name} is {reason or 'without a first pass'}"


def _speedup(_claim: Claim, cell: Cell) -> Found | NotFound:
    if cell.measured is None or cell.teacher is None or cell.student is None:
        return _not_measured(cell, "measure")
    teacher, student = cell.teacher.first_pass_median_s, cell.student.first_pass_median_s
    if teacher is None or student is None:
        return NotFound(_no_pass(cell.teacher if teacher is None else cell.student))
    first, warm = teacher / student, cell.measured.dataset_pass_speedup
    sentence = f"Medians of the first passes {figures.ratio(first)}"
    if warm:
        within = f" ({figures.ratio_interval(warm.interval)})" if warm.interval else ""
        sentence += f"; warmed up, the ratio of the medians is {figures.ratio(warm.ratio)}{within}"
    return Found(first, None, figures.ratio(first), f"{sentence}.")


_FINDERS: dict[str, Callable[[Claim, Cell], Found | NotFound]] = {
    "accuracy": _accuracy,
    "parameters": _parameters,
    "parameter_ratio": _parameter_ratio,
    "dataset_pass_s": _dataset_pass,
    "speedup": _speedup,
}


def _model(cell: Cell, role: str) -> Model | None:
    return cell.teacher if role == "teacher" else cell.student


def _counted(model: Model, claim: Claim, role: str) -> int:
    return sum(model.parameters.get(part, 0) for part in claim.counted[role])


def _sum(model: Model, parts: tuple[str, ...]) -> str:
    return " + ".join(f"{part} {figures.count(model.parameters.get(part, 0))}" for part in parts)
