"""One side's numbers against the first side's: a difference of scores, a ratio of times, or why there is none.

Two runs are two samples: their intervals are joined as those of independent estimates (`statistics.difference`), of ratios on the log.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.compare.side import Side
from harness.report.measured import Timing
from harness.report.statistics import Interval, difference
from harness.report.status import why


@dataclass(frozen=True)
class Contrast:
    """`value` is None where comparing says nothing; `why` then says why."""

    value: float | None = None
    interval: Interval | None = None
    why: str = ""


def ratio(first: float, first_interval: Interval, second: float, second_interval: Interval) -> Interval:
    """95 % interval of second / first, all positive."""
    logs = [Interval(math.log(each.low), math.log(each.high)) for each in (first_interval, second_interval)]
    found = difference(math.log(first), logs[0], math.log(second), logs[1])
    return Interval(math.exp(found.low), math.exp(found.high))


def score(first: Side, other: Side) -> Contrast:
    """The student's score, on the same rows of the same data."""
    one, two = first.score, other.score
    if one is None or two is None or one.value is None or two.value is None:
        return Contrast(why="not measured on both sides")
    if first.cell.metric != other.cell.metric:
        return Contrast(why="another metric")
    if (first.run.subject, first.data, first.rows) != (other.run.subject, other.data, other.rows):
        return Contrast(why="other rows")
    interval = difference(one.value, one.interval, two.value, two.interval) if one.interval and two.interval else None
    return Contrast(two.value - one.value, interval)


def parameters(first: Side, other: Side) -> Contrast:
    if first.parameters is None or other.parameters is None:
        return Contrast(why="not measured on both sides")
    return Contrast(first.parameters / other.parameters)


def dataset_pass(first: Side, other: Side) -> Contrast:
    """How many times as fast as the first side; rows must be the same, for a pass goes over all of them."""
    if (first.data, first.rows) != (other.data, other.rows):
        return Contrast(why="other rows")
    return _times(first, other, first.dataset_pass, other.dataset_pass)


def forward(first: Side, other: Side) -> Contrast:
    """On the same inputs; of another task as well, for padded inputs cost the same whatever they say."""
    if first.inputs != other.inputs:
        return Contrast(why="other inputs")
    return _times(first, other, first.forward, other.forward)


def _times(first: Side, other: Side, one: Timing | None, two: Timing | None) -> Contrast:
    if one is None or two is None:
        return Contrast(why="not measured on both sides")
    for side, timing in ((first, one), (other, two)):
        if not timing.valid:
            return Contrast(why=f"{side.name} {why(timing)}")
    if first.device != other.device:
        return Contrast(why="another device")
    if first.machine != other.machine:
        return Contrast(why="another machine")
    assert one.median is not None and two.median is not None
    interval = ratio(two.median, two.interval, one.median, one.interval) if one.interval and two.interval else None
    return Contrast(one.median / two.median, interval)
