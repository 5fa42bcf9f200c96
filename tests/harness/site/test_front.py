from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.site.front import front


def test_by_hand() -> None:
    """Score up; time and size down: the second is as good in two and worse in one; the last is slow but best."""
    assert front([(0.9, 10, 5), (0.9, 11, 5), (0.8, 5, 9), (0.95, 99, 99)]) == [True, False, True, True]


def test_equal_points_stand_together() -> None:
    assert front([(0.9, 10, 5), (0.9, 10, 5)]) == [True, True]


def test_nothing() -> None:
    assert front([]) == []


@given(st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=1, max_size=12))
def test_what_is_beaten_is_beaten_by_the_front(points: list[tuple[int, int, int]]) -> None:
    on_front = front(points)
    best = [point for point, on in zip(points, on_front, strict=True) if on]
    assert best
    for point, on in zip(points, on_front, strict=True):
        beaten = any(b != point and b[0] >= point[0] and b[1] <= point[1] and b[2] <= point[2] for b in best)
        assert on is not beaten
