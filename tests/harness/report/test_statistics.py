"""Against published tables, hand arithmetic and brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.report import statistics
from harness.report.statistics import Interval


@pytest.mark.parametrize(
    ("successes", "rows", "low", "high"),
    # Newcombe, Statistics in Medicine 17 (1998), 857-872, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_against_newcombe(successes: int, rows: int, low: float, high: float) -> None:
    interval = statistics.wilson(successes, rows)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


def test_wilson_refuses_impossible_counts() -> None:
    with pytest.raises(ValueError):
        statistics.wilson(3, 2)


@pytest.mark.parametrize(
    ("first", "second", "p"),
    [
        (5, 1, 2 * (math.comb(6, 0) + math.comb(6, 1)) / 2**6),
        (0, 10, 2 / 2**10),
        (4, 4, 1.0),
        (0, 0, 1.0),
        (25, 10, 2 * sum(math.comb(35, k) for k in range(11)) / 2**35),
    ],
)
def test_mcnemar_against_the_binomial_sum(first: int, second: int, p: float) -> None:
    assert statistics.mcnemar(first, second) == pytest.approx(p)
    assert statistics.mcnemar(second, first) == pytest.approx(p)


def test_paired_difference_by_hand() -> None:
    # 10 and 4 discordant of 100 rows: with 1/2 added, n = 102, cells 10.5 and 4.5.
    centre = -6 / 102
    half = 1.959964 * math.sqrt(15 - 36 / 102) / 102
    interval = statistics.paired_difference(10, 4, 100)
    assert (interval.low, interval.high) == pytest.approx((centre - half, centre + half), abs=1e-7)


def test_paired_difference_covers_at_its_level() -> None:
    """Among simulated pairs the interval holds the true difference about 95 times in 100."""
    rng = np.random.default_rng(1)
    cells = rng.multinomial(200, [0.75, 0.12, 0.05, 0.08], size=2000)
    held = [-0.07 in statistics.paired_difference(int(b), int(c), 200) for _, b, c, _ in cells]
    assert 0.93 <= np.mean(held) <= 0.97


def test_paired_difference_without_discordant_rows_is_not_a_point() -> None:
    interval = statistics.paired_difference(0, 0, 50)
    assert interval.low < 0 < interval.high


def test_spread_of_few_rounds_is_their_range() -> None:
    spread = statistics.spread([4.04, 3.9, 4.5])
    assert (spread.median, spread.low, spread.high, spread.kind, spread.rounds) == (4.04, 3.9, 4.5, "range", 3)


def test_spread_of_many_rounds_is_their_quartiles() -> None:
    spread = statistics.spread([float(n) for n in range(1, 12)])
    assert (spread.median, spread.low, spread.high, spread.kind) == (6.0, 3.5, 8.5, "quartiles")


def test_spread_wants_a_sample() -> None:
    with pytest.raises(ValueError):
        statistics.spread([])


def test_median_ratio_against_every_resample() -> None:
    """Three rounds have 27 resamples: the bootstrap's ends are the 2.5 % and 97.5 % points of all of them."""
    teacher, student = np.array([4.0, 4.4, 4.1]), np.array([1.0, 1.05, 1.1])
    ratio, interval = statistics.median_ratio(list(teacher), list(student))
    every = [
        np.median(teacher[[a, b, c]]) / np.median(student[[a, b, c]])
        for a in range(3)
        for b in range(3)
        for c in range(3)
    ]
    low, high = np.percentile(every, [2.5, 97.5])
    assert ratio == pytest.approx(4.1 / 1.05)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((low, high), rel=0.01)


def test_median_ratio_is_the_same_every_time() -> None:
    samples = [1.0, 1.2, 1.1, 1.4], [0.5, 0.4, 0.45, 0.6]
    assert statistics.median_ratio(*samples) == statistics.median_ratio(*samples)


def test_median_ratio_of_steady_times_is_a_point() -> None:
    assert statistics.median_ratio([4.0, 4.0], [2.0, 2.0]) == (2.0, Interval(2.0, 2.0))


def test_median_ratio_of_one_round_has_no_interval() -> None:
    assert statistics.median_ratio([4.0], [2.0]) == (2.0, None)


def test_median_ratio_refuses_unequal_rounds() -> None:
    with pytest.raises(ValueError, match="2 rounds against 1"):
        statistics.median_ratio([1.0, 2.0], [1.0])
