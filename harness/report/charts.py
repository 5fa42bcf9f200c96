"""An interval chart with the table of its numbers."""

from __future__ import annotations

from collections.abc import Sequence

from harness.report.document import Figure, Group, Table, plain
from harness.report.measured import Timing
from harness.report.plots import Mark, interval_chart


def interval_figure(title: str, unit: str, marks: Sequence[Mark], from_zero: bool = False) -> Figure:
    """Raises ValueError without a mark."""
    rows = tuple(
        (plain(m.label), *(plain("" if n is None else f"{n:.4g}") for n in (m.centre, m.low, m.high))) for m in marks
    )
    data = Table(title, ("who", unit, "low", "high"), (Group(rows),), frozenset({1, 2, 3}))
    return Figure(title, interval_chart(title, unit, marks, from_zero), data)


def timing_mark(label: str, style: str, timing: Timing | None) -> Mark | None:
    """A timing with its interval, and the median of every round as a ring; None for one that is no result."""
    if timing is None or not timing.valid or timing.median is None:
        return None
    low, high = (timing.interval.low, timing.interval.high) if timing.interval else (None, None)
    return Mark(label, style, timing.median, low, high, timing.round_medians)
