from __future__ import annotations

import math

import pytest

from harness.compare.contrast import difference, ratio
from harness.report.statistics import Interval, wilson


def test_accuracies_against_newcombe() -> None:
    """Newcombe, Statistics in Medicine 17 (1998), 873-890, table II, method 10: 56/70 - 48/80 is 0.0524 to 0.3339."""
    found = difference(48 / 80, wilson(48, 80), 56 / 70, wilson(56, 70))
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_equal_widths_grow_by_the_root_of_two() -> None:
    found = difference(1.0, Interval(0.9, 1.1), 3.0, Interval(2.9, 3.1))
    assert (found.low, found.high) == pytest.approx((2 - 0.1 * math.sqrt(2), 2 + 0.1 * math.sqrt(2)))


def test_a_ratio_turned_round_is_its_inverse() -> None:
    one, two = (10.0, Interval(9.5, 10.8)), (5.0, Interval(4.9, 5.3))
    there, back = ratio(*one, *two), ratio(*two, *one)
    assert (there.low, there.high) == pytest.approx((1 / back.high, 1 / back.low))
    assert there.low < 0.5 < there.high


def test_a_number_without_spread_adds_none() -> None:
    found = ratio(2.0, Interval(2.0, 2.0), 4.0, Interval(3.0, 5.0))
    assert (found.low, found.high) == pytest.approx((1.5, 2.5))
