"""Against published tables, hand arithmetic and brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.report import statistics


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


def test_seeds_by_hand() -> None:
    # Mean 0.92, deviation 0.01; t at 97.5 % with two degrees of freedom is 4.302653 (Student's table).
    found = statistics.seeds([0.91, 0.92, 0.93])
    half = 4.302653 * 0.01 / math.sqrt(3)
    assert (found.mean, found.deviation) == pytest.approx((0.92, 0.01))
    assert (found.interval.low, found.interval.high) == pytest.approx((0.92 - half, 0.92 + half), abs=1e-7)


def test_the_interval_of_seeds_covers_at_its_level() -> None:
    rng = np.random.default_rng(2)
    held = [0.5 in statistics.seeds(list(rng.normal(0.5, 0.01, size=3))).interval for _ in range(2000)]
    assert 0.935 <= np.mean(held) <= 0.965


def test_one_seed_has_no_spread() -> None:
    with pytest.raises(ValueError, match="1 seeds have no spread"):
        statistics.seeds([0.9])


@pytest.mark.parametrize(
    ("rows", "accuracy", "points"),
    # By hand: 1.959964 sqrt(p (1 - p) / n); the dev sets of SST-2, RTE and MRPC.
    [(872, 0.913, 1.871), (872, 0.922, 1.780), (277, 0.66, 5.579), (408, 0.86, 3.367), (10, 1.0, 0.0)],
)
def test_the_tolerance_of_a_dev_set(rows: int, accuracy: float, points: float) -> None:
    assert 100 * statistics.accuracy_tolerance(rows, accuracy) == pytest.approx(points, abs=5e-4)


def test_runs_that_share_half_of_their_errors_agree_at_the_level() -> None:
    """What the tolerance promises: two equally good runs that differ on p (1 - p) of the rows lie within it 95 times in 100."""
    rng, p, rows = np.random.default_rng(3), 0.913, 872
    tolerance, apart = statistics.accuracy_tolerance(rows, p), p * (1 - p) / 2
    cells = rng.multinomial(rows, [1 - 2 * apart, apart, apart], size=4000)
    within = abs(cells[:, 1] - cells[:, 2]) / rows <= tolerance
    assert 0.935 <= np.mean(within) <= 0.965


@pytest.mark.parametrize(("rows", "accuracy"), [(0, 0.5), (872, 1.01), (872, -0.1)])
def test_the_tolerance_refuses_what_is_no_proportion(rows: int, accuracy: float) -> None:
    with pytest.raises(ValueError, match="no proportion"):
        statistics.accuracy_tolerance(rows, accuracy)


def test_accuracies_against_newcombe() -> None:
    """Newcombe, Statistics in Medicine 17 (1998), 873-890, table II, method 10: 56/70 - 48/80 is 0.0524 to 0.3339."""
    found = statistics.difference(48 / 80, statistics.wilson(48, 80), 56 / 70, statistics.wilson(56, 70))
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_equal_widths_grow_by_the_root_of_two() -> None:
    found = statistics.difference(1.0, statistics.Interval(0.9, 1.1), 3.0, statistics.Interval(2.9, 3.1))
    assert (found.low, found.high) == pytest.approx((2 - 0.1 * math.sqrt(2), 2 + 0.1 * math.sqrt(2)))
