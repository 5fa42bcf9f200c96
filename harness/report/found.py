"""What there is to hold against a published number: a measured value, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass

from harness.report.conditions import absence
from harness.report.facts import Cell
from harness.report.statistics import Interval


@dataclass(frozen=True)
class Found:
    """A measured value with its interval (None: a count has none) and how it reads.

    Of a score, `rows` are the dev rows and `allowed` is how far it may lie from the published one.
    """

    value: float
    interval: Interval | None
    text: str
    sentence: str
    rows: int = 0
    allowed: float = 0.0


@dataclass(frozen=True)
class NotFound:
    why: str


def not_measured(cell: Cell, stage: str) -> NotFound:
    return NotFound(f"nothing was measured: {absence(cell, stage)}")
