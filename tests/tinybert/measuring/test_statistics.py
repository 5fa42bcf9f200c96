"""The statistics of timings against SciPy and against synthetic rounds whose truth is known."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy import stats

from tinybert.measuring import comparison, intervals, samples, statistics

BATCHES = 28


def synthetic(
    rng: np.random.Generator, rounds: int, between: float, within: float, calls: int = 60, true_median: float = 10.0
) -> list[samples.Floats]:
    """Lognormal calls around lognormal rounds; `between` and `within` are the relative spreads. One call in 50 takes twice as long."""
    return [
        true_median
        * np.exp(between * rng.normal() + within * rng.normal(size=calls))
        * np.where(rng.random(calls) < 0.02, 2, 1)
        for _ in range(rounds)
    ]


def plain(rounds: list[samples.Floats]) -> list[list[float]]:
    return [calls.tolist() for calls in rounds]


@pytest.mark.parametrize("calls", [60, 61])
def test_one_round_has_scipys_percentile_interval_of_its_calls(calls: int) -> None:
    sample = np.random.default_rng(calls).lognormal(0, 0.3, calls)
    estimate = intervals.median_interval([sample.tolist()])
    peer = stats.bootstrap(
        (sample,), np.median, n_resamples=20_000, vectorized=True, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    assert estimate.value == pytest.approx(np.median(sample))
    assert estimate.low == pytest.approx(peer.low, abs=0.1 * (peer.high - peer.low))
    assert estimate.high == pytest.approx(peer.high, abs=0.1 * (peer.high - peer.low))


@pytest.mark.parametrize("calls", [1, 2, 5, 6, 40])
def test_drawing_a_median_from_beta_is_resampling_the_calls(calls: int) -> None:
    rng = np.random.default_rng(calls)
    sample = rng.lognormal(0, 0.3, calls)
    drawn = intervals._median_draws(sample, 20_000, rng)
    resampled = np.median(rng.choice(sample, (20_000, calls)), axis=1)
    assert stats.ks_2samp(drawn, resampled).pvalue > 0.001
    assert set(np.unique(drawn)) <= {(a + b) / 2 for a in sample for b in sample}


@pytest.mark.parametrize("rounds", [3, 5])
def test_of_rounds_with_a_call_each_the_width_is_scipys_standard_error(rounds: int) -> None:
    medians = np.random.default_rng(rounds).lognormal(2, 0.02, rounds)
    estimate = intervals.median_interval([[median] for median in medians])
    peer = stats.bootstrap(
        (np.log(medians),), np.median, n_resamples=20_000, method="percentile", rng=np.random.default_rng(1)
    ).standard_error
    corrected = stats.t.ppf(0.975, rounds - 1) * np.sqrt(rounds / (rounds - 1)) * peer
    assert np.log(estimate.high / estimate.value) == pytest.approx(corrected, rel=0.03)
    assert np.log(estimate.value / estimate.low) == pytest.approx(corrected, rel=0.03)


def test_the_estimate_gives_every_round_the_same_weight() -> None:
    rounds = [[1.0] * 1000, [2.0] * 3, [3.0] * 3]
    assert intervals.median_interval(rounds).value == 2.0
    assert intervals.ratio_interval(rounds, [[1.0]] * 3).value == 2.0


@pytest.mark.parametrize(("between", "within"), [(0.01, 0.001), (0.01, 0.05)])
@pytest.mark.parametrize("rounds", [3, 5])
def test_the_interval_covers_the_truth_and_the_next_measurement(rounds: int, between: float, within: float) -> None:
    rng = np.random.default_rng(rounds)
    estimates = [
        intervals.median_interval(plain(synthetic(rng, rounds, between, within)), resamples=500) for _ in range(300)
    ]
    # 2 % of the calls take longer, which moves the median of all calls up from 10.
    truth = 10.0 * np.exp(within * stats.norm.ppf(0.5 / 0.98))
    assert np.mean([estimate.low <= truth <= estimate.high for estimate in estimates]) >= 0.93
    pairs = zip(estimates[::2], estimates[1::2], strict=True)
    assert np.mean([abs(first.value - second.value) < first.width for first, second in pairs]) >= 0.9


@pytest.mark.parametrize("rounds", [3, 5])
def test_the_interval_of_a_ratio_covers_the_truth_and_pairing_narrows_it(rounds: int) -> None:
    rng = np.random.default_rng(rounds)
    covered, narrower = [], []
    for _ in range(150):
        shared = np.exp(0.05 * rng.normal(size=rounds))
        over = plain(
            [calls * factor for calls, factor in zip(synthetic(rng, rounds, 0.005, 0.01), shared, strict=True)]
        )
        under = plain(
            [
                calls * factor
                for calls, factor in zip(synthetic(rng, rounds, 0.005, 0.01, true_median=2.0), shared, strict=True)
            ]
        )
        ratio, own = (
            intervals.ratio_interval(over, under, resamples=500),
            intervals.median_interval(over, resamples=500),
        )
        covered.append(ratio.low <= 5.0 <= ratio.high)
        narrower.append(ratio.width / ratio.value < own.width / own.value)
    assert np.mean(covered) >= 0.93
    assert np.mean(narrower) >= 0.93


def test_batches_of_unlike_length_do_not_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    used = [(np.arange(4 * BATCHES) % BATCHES).tolist() for _ in range(5)]
    length = np.linspace(1, 4, BATCHES)
    rounds = plain([np.tile(length, 4) * calls for calls in synthetic(rng, 5, 0.005, 0.01, 4 * BATCHES)])
    assert intervals.median_interval(rounds, used).width < intervals.median_interval(rounds).width / 3
    ratio = intervals.ratio_interval(rounds, rounds, used, used)
    assert ratio.width < intervals.ratio_interval(rounds, rounds).width / 3
    alike = [[0] * 112] * 5
    assert intervals.median_interval(rounds, alike).width == pytest.approx(
        intervals.median_interval(rounds).width, rel=0.1
    )


def test_tens_of_thousands_of_calls_stay_below_200_mb() -> None:
    rounds = plain(synthetic(np.random.default_rng(0), 2, 0.01, 0.02, 20_000))
    used = [(np.arange(20_000) % BATCHES).tolist()] * 2
    tracemalloc.start()
    intervals.median_interval(rounds, used)
    intervals.median_interval(rounds)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200 * 2**20


@pytest.mark.parametrize("level", [0.9, 0.99])
def test_quantiles_need_mlperfs_number_of_calls(level: float) -> None:
    fewest = statistics.QUANTILE_CALLS[level]
    assert stats.binom.cdf(1, fewest, 1 - level) <= 0.01 < stats.binom.cdf(1, fewest - 1, 1 - level)
    calls = list(range(1, fewest + 1))
    assert statistics.quantile([calls[:9], calls[9:]], level) == pytest.approx(np.quantile(calls, level))
    assert statistics.quantile([calls[:9], calls[9:-1]], level) is None


def test_variation_is_scipys() -> None:
    medians = [10.0, 10.4, 9.9]
    assert statistics.variation(medians) == pytest.approx(stats.variation(medians, ddof=1))
    assert statistics.variation([10.0]) is None


def test_outliers_lie_ten_standard_deviations_off_by_scipys_mad() -> None:
    rng = np.random.default_rng(0)
    sample = rng.normal(100, 1, 300)
    sample[:8] = [88, 89, 89.9, 91, 109, 110.1, 111, 130]
    (flags,) = statistics.flag_outliers([sample.tolist()])
    mad = stats.median_abs_deviation(sample, scale="normal")
    assert flags.tolist() == (np.abs(sample - np.median(sample)) > 10 * mad).tolist()
    assert 3 <= flags.sum() <= 8


def test_outliers_are_judged_among_calls_of_the_same_batch() -> None:
    rng = np.random.default_rng(0)
    used = [(np.arange(100) % BATCHES).tolist() for _ in range(3)]
    length = np.linspace(1, 4, BATCHES)[np.arange(100) % BATCHES]
    rounds = [level * length * rng.normal(1, 0.01, 100) for level in (10, 10, 14)]
    assert not any(flags.any() for flags in statistics.flag_outliers(plain(rounds), used))
    rounds[1][0] *= 2  # still half of what the longest batch takes
    assert [np.flatnonzero(flags).tolist() for flags in statistics.flag_outliers(plain(rounds), used)] == [[], [0], []]


def test_equal_calls_have_no_outliers_but_one_that_differs() -> None:
    assert not any(flags.any() for flags in statistics.flag_outliers([[1.0], [1.0]]))
    assert statistics.flag_outliers([[1.0, 1.0, 1.0, 1.1]])[0].tolist() == [False, False, False, True]


def test_a_trend_has_scipys_theil_sen_slope() -> None:
    medians = np.random.default_rng(0).lognormal(2, 0.1, 7).tolist()
    expected = stats.theilslopes(medians, range(7)).slope * 6 / np.median(medians)
    assert statistics.trend(medians).change == pytest.approx(expected)
    assert statistics.trend([10.0, 11.0, 12.0]).change == pytest.approx(2 / 11)


@pytest.mark.parametrize(
    ("medians", "steady"),
    [
        ([1.0, 1.1, 1.2], True),
        ([1.2, 1.1, 1.0], True),
        ([1.0, 1.2, 1.1], False),
        ([1.0, 1.1, 1.1], False),
        ([1.0, 1.2], False),
        ([1.0], False),
        ([1.0, 1.1, 1.2, 1.3, 1.4, 1.6, 1.5], True),
        ([1.0, 1.1, 1.2, 1.5, 1.4, 1.3], False),
    ],
)
def test_a_trend_is_steady_when_its_order_is_more_than_chance(medians: list[float], steady: bool) -> None:
    assert statistics.trend(medians).steady is steady


@pytest.mark.parametrize("change", [0.0, 0.03, 0.05, 0.1])
@pytest.mark.parametrize("rounds", [3, 5])
def test_an_injected_slow_down_is_found_as_often_as_the_power_says(change: float, rounds: int) -> None:
    rng = np.random.default_rng([rounds, int(1000 * change)])
    between = 0.02
    found = 0
    for _ in range(250):
        before = synthetic(rng, rounds, between, 0.005, 31)
        after = synthetic(rng, rounds, between, 0.005, 31, 10.0 * (1 + change))
        found += comparison.slower(plain(before), plain(after)).slower
    # The median of 31 calls adds its own error, (pi / 2) 0.005^2 / 31, to the rounds'.
    coefficient = float(np.sqrt(between**2 + np.pi / 2 * 0.005**2 / 31))
    expected = comparison.power_of(change, coefficient, rounds)
    assert stats.binomtest(found, 250, expected).pvalue > 0.001


def test_power_goes_from_the_false_alarms_to_certainty() -> None:
    assert comparison.power_of(0.0, 0.02, 5) == pytest.approx(comparison.ALPHA)
    assert comparison.power_of(0.5, 0.001, 3) == pytest.approx(1)
    assert comparison.power_of(0.01, 0.0, 3) == 1
    assert comparison.power_of(0.0, 0.0, 3) == 0
    # By its definition: a normal shifted by 2 standard errors, over the root of an independent chi-square with 4 degrees.
    sigma = np.log1p(0.03) / (2 * np.sqrt(2 / 3))
    defined = stats.chi2.expect(lambda v: stats.norm.sf(stats.t.isf(0.05, 4) * np.sqrt(v / 4) - 2), args=(4,))
    assert comparison.power_of(0.03, float(np.sqrt(np.expm1(sigma**2))), 3) == pytest.approx(defined, abs=1e-6)
    powers = [comparison.power_of(change, 0.02, 5) for change in (0.01, 0.03, 0.05, 0.1)]
    assert powers == sorted(powers)
    assert powers[-1] > 0.99 > powers[0]


@pytest.mark.parametrize("rounds", [2, 3, 5, 10])
def test_the_detectable_change_has_the_power_asked_for(rounds: int) -> None:
    medians = np.random.default_rng(rounds).lognormal(2, 0.02, rounds)
    coefficient = float(np.sqrt(np.expm1(np.log(medians).var(ddof=1))))
    for power in (0.5, 0.8, 0.95):
        change = comparison.detectable_change(medians.tolist(), power)
        assert change is not None
        assert comparison.power_of(change, coefficient, rounds) == pytest.approx(power, abs=1e-6)


def test_without_a_spread_every_change_is_detectable_and_with_one_round_none() -> None:
    assert comparison.detectable_change([1.0, 1.0, 1.0]) == 0
    assert comparison.detectable_change([1.0]) is None


def test_slower_says_by_how_much_and_how_sure() -> None:
    before, after = [[10.0], [10.1], [9.9]], [[10.5], [10.6], [10.4]]
    found = comparison.slower(before, after)
    peer = stats.ttest_ind(np.log(np.ravel(after)), np.log(np.ravel(before)), alternative="greater")
    assert found.p == pytest.approx(peer.pvalue)
    assert found.change == pytest.approx(0.05, abs=0.001)
    assert found.slower
    assert not comparison.slower(after, before).slower
    assert not comparison.slower(before, before).slower
    assert not comparison.slower([[1.0]] * 2, [[1.0]] * 2).slower
    assert comparison.slower([[1.0]] * 2, [[1.1]] * 2).slower


@pytest.mark.parametrize("rounds", [[], [[1.0], []], [[0.0]], [[-1.0]], [[float("nan")]], [[float("inf")]]])
def test_what_is_not_a_measurement_is_refused(rounds: list[list[float]]) -> None:
    for function in (intervals.median_interval, statistics.flag_outliers, samples.round_medians):
        with pytest.raises(ValueError, match=r"without calls|not positive"):
            function(rounds)


def test_what_does_not_fit_together_is_refused() -> None:
    with pytest.raises(ValueError, match="2 rounds against 1"):
        intervals.ratio_interval([[1.0], [1.0]], [[1.0]])
    with pytest.raises(ValueError, match="differ in number"):
        intervals.median_interval([[1.0, 1.0]], [[1]])
    with pytest.raises(ValueError, match="two rounds"):
        comparison.slower([[1.0]], [[1.0], [1.0]])
    with pytest.raises(ValueError, match="two rounds"):
        comparison.power_of(0.1, 0.01, 1)
