"""Hold each published claim against each cell: reproduced, not reproduced, or not comparable, and why."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.report import figures, statistics
from harness.report.claims import Claim, load_claims
from harness.report.conditions import Case, absence, fails
from harness.report.facts import Cell, Model, cells
from harness.report.statistics import Interval

REPRODUCED = "reproduced"
NOT_REPRODUCED = "not reproduced"
NOT_COMPARABLE = "not comparable"

Record = Mapping[str, Any]


def judge(record: Record) -> list[dict[str, Any]]:
    """The record's `claims`: one entry per published claim and cell, claim by claim. Empty where nothing was published.

    Raises UsageError when a claims file is not valid.
    """
    return [_judge(claim, cell, record) for claim in load_claims(record["task"]["name"]) for cell in cells(record)]


@dataclass(frozen=True)
class Measured:
    """A measured value with its interval (None: a count or a single pass has none) and how it reads."""

    value: float
    interval: Interval | None
    text: str
    sentence: str


def _judge(claim: Claim, cell: Cell, record: Record) -> dict[str, Any]:
    measured = _MEASURES[claim.quantity](claim, cell)
    why = [
        words for name, published in claim.conditions.items() if (words := fails(name, published, Case(cell, record)))
    ]
    if measured is None:
        why.append(f"nothing was measured: {absence(cell, 'evaluate' if claim.quantity == 'accuracy' else 'measure')}")
    if why or measured is None:
        verdict = NOT_COMPARABLE
    else:
        why = _disagreement(claim, measured)
        verdict = NOT_REPRODUCED if why else REPRODUCED
    return {
        "id": claim.id,
        "cell": cell.name,
        "quantity": claim.quantity,
        "role": claim.role,
        "published": claim.value,
        "printed": claim.printed,
        "measured": measured and measured.value,
        "interval": [measured.interval.low, measured.interval.high] if measured and measured.interval else None,
        "verdict": verdict,
        "why": why,
        "text": measured.sentence if measured else "",
        "note": claim.note,
        "tolerance": claim.tolerance.reason,
        "source": claim.source.title,
        "source_url": claim.source.url,
        "source_conditions": claim.source.conditions,
    }


# What a claim is compared with.


def _accuracy(claim: Claim, cell: Cell) -> Measured | None:
    if cell.counts is None:
        return None
    correct = cell.counts.teacher if claim.role == "teacher" else cell.counts.student
    value, interval = correct / cell.counts.rows, statistics.wilson(correct, cell.counts.rows)
    text = figures.percent(value)
    sentence = f"Measured {text} ({figures.percent_interval(interval)}, n = {figures.count(cell.counts.rows)})."
    return Measured(value, interval, text, sentence)


def _parameters(claim: Claim, cell: Cell) -> Measured | None:
    model = _model(cell, claim.role)
    if model is None:
        return None
    value = _counted(model, claim, claim.role)
    parts = claim.counted[claim.role]
    sentence = f"Counted as published ({_sum(model, parts)}): {figures.count(value)}."
    if parts != ("encoder",):
        sentence += f" The encoder, which is what serves: {figures.count(model.parameters['encoder'])}."
    return Measured(value, None, figures.count(value), sentence)


def _parameter_ratio(claim: Claim, cell: Cell) -> Measured | None:
    if cell.teacher is None or cell.student is None:
        return None
    value = _counted(cell.teacher, claim, "teacher") / _counted(cell.student, claim, "student")
    serving = cell.teacher.parameters["encoder"] / cell.student.parameters["encoder"]
    sentence = f"Counted as published {figures.ratio(value)}; encoder against encoder, which is what serves, {figures.ratio(serving)}."
    return Measured(value, None, figures.ratio(value), sentence)


def _dataset_pass(claim: Claim, cell: Cell) -> Measured | None:
    """The published passes were not warmed up: what compares is the first pass of the process, of which there is one."""
    model = _model(cell, claim.role)
    if model is None:
        return None
    first, rounds = figures.seconds(model.first_pass_s), statistics.spread(model.dataset_pass_s)
    sentence = f"First pass {first}; warmed up, the median is {figures.seconds(rounds.median)} ({figures.seconds_spread(rounds)})."
    return Measured(model.first_pass_s, None, first, sentence)


def _speedup(_claim: Claim, cell: Cell) -> Measured | None:
    if cell.teacher is None or cell.student is None:
        return None
    first = cell.teacher.first_pass_s / cell.student.first_pass_s
    warm, interval = statistics.median_ratio(cell.teacher.dataset_pass_s, cell.student.dataset_pass_s)
    within = f" ({figures.ratio_interval(interval)})" if interval else ""
    sentence = (
        f"First passes {figures.ratio(first)}; warmed up, the ratio of the medians is {figures.ratio(warm)}{within}."
    )
    return Measured(first, None, figures.ratio(first), sentence)


_MEASURES: dict[str, Callable[[Claim, Cell], Measured | None]] = {
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


# Whether it agrees, once every condition holds.


def _disagreement(claim: Claim, measured: Measured) -> list[str]:
    kind, value = claim.tolerance.kind, measured.value
    if kind == "interval":
        agrees = measured.interval is not None and claim.value in measured.interval
        words = f"the 95 % interval around the measured {measured.text} does not hold the published {claim.printed}"
    elif kind == "exact":
        agrees = value == claim.value
        words = f"counted {measured.text}, published {figures.count(claim.value)}"
    elif kind == "printed":
        # Ratios are printed with one decimal; 1e-9 keeps 7.5 from becoming 7.499... on the way.
        agrees = (
            math.floor(value * 10 + 1e-9) / 10 == claim.value
            if claim.printing == "truncated"
            else round(value, 1) == claim.value
        )
        words = f"the measured {measured.text}, {claim.printing} to one decimal, is not the published {claim.printed}"
    else:
        agrees = abs(value - claim.value) <= claim.tolerance.fraction * claim.value
        off = f"{abs(value / claim.value - 1):.0%}".replace("%", " %")
        side = "above" if value > claim.value else "below"
        allowed = f"{claim.tolerance.fraction:.0%}".replace("%", " %")
        words = f"the measured {measured.text} is {off} {side} the published {claim.printed}, more than {allowed}"
    return [] if agrees else [words]
