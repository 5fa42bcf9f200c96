"""The Pareto front: which results no other beats in score, time and size at once."""

from __future__ import annotations

from collections.abc import Sequence

Point = tuple[float, float, float]
"""Score, where more is better; time and parameters, where less is."""


def front(points: Sequence[Point]) -> list[bool]:
    """Whether each point is on the front. Equal points do not beat one another."""
    return [not any(_beats(other, point) for other in points) for point in points]


def _beats(one: Point, other: Point) -> bool:
    as_good = one[0] >= other[0] and one[1] <= other[1] and one[2] <= other[2]
    return as_good and one != other
