from __future__ import annotations

import pytest

from harness.compare.contrast import ratio
from harness.report.statistics import Interval


def test_a_ratio_turned_round_is_its_inverse() -> None:
    one, two = (10.0, Interval(9.5, 10.8)), (5.0, Interval(4.9, 5.3))
    there, back = ratio(*one, *two), ratio(*two, *one)
    assert (there.low, there.high) == pytest.approx((1 / back.high, 1 / back.low))
    assert there.low < 0.5 < there.high


def test_a_number_without_spread_adds_none() -> None:
    found = ratio(2.0, Interval(2.0, 2.0), 4.0, Interval(3.0, 5.0))
    assert (found.low, found.high) == pytest.approx((1.5, 2.5))
