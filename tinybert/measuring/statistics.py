"""The statistics of timings: pure functions over samples grouped by rounds, times going in and coming out in the same unit.

One definition of the point estimate throughout: the median of the rounds' medians. Every round then weighs the same however
many calls fitted into it, and half of the rounds may be disturbed before the estimate is. Intervals, variation, drift and the
test for a slow-down are all about round medians; a round is a fresh process, and what differs between processes (addresses,
clock, neighbours) is what separates two measurements of unchanged code.

`Rounds` is [round][call], positive finite times; `Batches` has the same form and names the batch each call used, because at
real lengths calls differ by batch. Every function raises ValueError for no rounds, an empty round or a time that is not positive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

Floats = NDArray[np.float64]
Rounds = Sequence[Sequence[float]]
Batches = Sequence[Sequence[int]]

LEVEL = 0.95
RESAMPLES = 10_000
# The same samples give the same interval, today and when an old record is judged again.
SEED = 20200212
# Where calls are drawn batch by batch, so many medians are drawn per round and the resamples pick among them.
POOL = 1_000
# Random numbers held at once while doing so: 8 MB an array.
CHUNK = 2**20
# Calls below which a quantile is not stated: the fewest for which one call above the quantile may be seen and still
# P(Binomial(n, 1 - q) <= 1) <= 0.01, MLPerf's early stopping at confidence 0.99 (inference_rules.adoc).
QUANTILE_CALLS = {0.9: 64, 0.99: 662}
# |x - median| / MAD above which a call is flagged: ten standard deviations of a normal distribution, for which
# sd = 1.4826 MAD. hyperfine's OUTLIER_THRESHOLD, on the modified z-score of Iglewicz and Hoaglin (How to Detect and Handle
# Outliers, 1993).
OUTLIER_SCORE = 14.826
# Chance that `slower` calls unchanged code slower.
ALPHA = 0.05


@dataclass(frozen=True)
class Estimate:
    """A value and its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def width(self) -> float:
        return self.high - self.low


@dataclass(frozen=True)
class Trend:
    """`change`: from the first round to the last, relative to the median. `steady`: the order is more than chance would have it."""

    change: float
    steady: bool


@dataclass(frozen=True)
class Comparison:
    """`change`: how much slower the second measurement is (0.05: 5 %); `p`: of as large a slow-down from unchanged code."""

    change: float
    p: float

    @property
    def slower(self) -> bool:
        return self.p < ALPHA


def round_medians(rounds: Rounds) -> list[float]:
    return [float(np.median(calls)) for calls in _checked(rounds)]


def median_interval(rounds: Rounds, batches: Batches | None = None, resamples: int = RESAMPLES) -> Estimate:
    """The median of the round medians and its 95 % interval, by a bootstrap of rounds, then of the calls within each.

    From two rounds on: estimate * exp(+-t sqrt(n / (n - 1)) s), with s the bootstrap standard error of the log estimate, t the
    quantile of Student's t at n - 1 degrees of freedom, and the root for the bootstrap's variance being short of a factor
    (n - 1) / n. That is the small-sample correction of Hesterberg, What Teachers Should Know About the Bootstrap, The American
    Statistician 69(4), 2015, 371-386, put on the width. His expanded percentile interval puts it on the percentile's level,
    Phi(-sqrt(n / (n - 1)) t), which cannot help here: a resampled median never leaves the range of the rounds, so that with
    three rounds the interval covers 3/4 at most, and with two 1/2, whatever the level (simulated: 73 %; this one 96 %).

    One round tells nothing about other rounds; its interval is the percentile interval of its calls alone.
    """
    arrays = _checked(rounds)
    rng = np.random.default_rng(SEED)
    drawn = np.log(_resampled(arrays, batches, _choices(len(arrays), resamples, rng), rng))
    return _interval(float(np.median(round_medians(rounds))), drawn, len(arrays))


def ratio_interval(
    numerator: Rounds,
    denominator: Rounds,
    numerator_batches: Batches | None = None,
    denominator_batches: Batches | None = None,
    resamples: int = RESAMPLES,
) -> Estimate:
    """Ratio of the two point estimates and its 95 % interval, as in `median_interval`.

    Whole rounds are drawn, both models' together, because the two are timed in the same round and share its disturbances; then
    each model's calls. Raises ValueError when the two have different numbers of rounds.
    """
    over, under = _checked(numerator), _checked(denominator)
    if len(over) != len(under):
        raise ValueError(f"{len(over)} rounds against {len(under)}")
    rng = np.random.default_rng(SEED)
    choices = _choices(len(over), resamples, rng)
    above = _resampled(over, numerator_batches, choices, rng)
    below = _resampled(under, denominator_batches, choices, rng)
    value = float(np.median(round_medians(numerator)) / np.median(round_medians(denominator)))
    return _interval(value, np.log(above / below), len(over))


def quantile(rounds: Rounds, level: float) -> float | None:
    """The quantile 0.9 or 0.99 of all calls pooled; None below the calls that it takes (`QUANTILE_CALLS`)."""
    calls = np.concatenate(_checked(rounds))
    return float(np.quantile(calls, level)) if len(calls) >= QUANTILE_CALLS[level] else None


def variation(medians: Sequence[float]) -> float | None:
    """Coefficient of variation of the round medians, sd (n - 1) over mean; None for a single round."""
    if len(medians) < 2:
        return None
    return float(np.std(medians, ddof=1) / np.mean(medians))


def flag_outliers(rounds: Rounds, batches: Batches | None = None) -> list[NDArray[np.bool_]]:
    """Which calls are outliers among like calls: |x - median(x)| / MAD(x) > 14.826. They are counted, never dropped.

    x is the call's time relative to its round's median, then relative to its batch's median over all rounds (one pass of
    Tukey's median polish), so that neither a slower round nor a longer batch makes outliers, and a batch that a round used
    three times is not judged by a spread of three calls. A MAD of zero becomes the smallest step of a float, as in hyperfine.
    """
    arrays = _checked(rounds)
    groups = np.zeros(sum(map(len, arrays)), np.int64) if batches is None else np.concatenate(_matched(arrays, batches))
    relative = np.concatenate([calls / np.median(calls) for calls in arrays])
    for group in np.unique(groups):
        relative[groups == group] /= np.median(relative[groups == group])
    spread = max(float(stats.median_abs_deviation(relative)), float(np.finfo(float).eps))
    flags = np.abs(relative - np.median(relative)) / spread > OUTLIER_SCORE
    return np.split(flags, np.cumsum([len(calls) for calls in arrays])[:-1])


def trend(medians: Sequence[float]) -> Trend:
    """Theil-Sen slope over the rounds times the rounds between first and last, relative to the median (Sen, JASA 63, 1968).

    Steady when every round is above the one before, or every one below (three rounds at least; by chance 1 in 3 with three
    rounds, 1 in 60 with five), or Kendall's tau of order and time has p < 0.05. How large a change matters is the caller's
    to say (`validity.Limits.drift`): with three rounds the order alone proves little.
    """
    if len(medians) < 2:
        return Trend(0.0, False)
    order = np.arange(len(medians))
    change = float(stats.theilslopes(medians, order).slope * (len(medians) - 1) / np.median(medians))
    steps = np.sign(np.diff(medians))
    monotone = bool(steps[0] != 0 and (steps == steps[0]).all())
    steady = len(medians) > 2 and (monotone or bool(stats.kendalltau(order, medians).pvalue < ALPHA))
    return Trend(change, steady)


def slower(before: Rounds, after: Rounds) -> Comparison:
    """Is the second measurement slower? One-sided two-sample t-test (equal variances) on the logs of the round medians.

    Raises ValueError unless both have two rounds: one round does not show how far rounds lie apart.
    """
    first, second = np.log(round_medians(before)), np.log(round_medians(after))
    if min(len(first), len(second)) < 2:
        raise ValueError("comparing takes two rounds on either side")
    change = float(np.expm1(second.mean() - first.mean()))
    if first.std() == second.std() == 0:  # t is then 0 / 0 or infinite
        return Comparison(change, 0.0 if change > 0 else 1.0)
    return Comparison(change, float(stats.ttest_ind(second, first, alternative="greater").pvalue))


def power_of(change: float, coefficient: float, rounds: int) -> float:
    """Chance that `slower` finds a slow-down by `change` (0.05: 5 %), by the noncentral t distribution.

    `coefficient` is the coefficient of variation of round medians, `rounds` those of each measurement. Logs of a lognormal
    with coefficient of variation c have the variance ln(1 + c^2). Raises ValueError below two rounds.
    """
    if rounds < 2:
        raise ValueError("comparing takes two rounds on either side")
    if coefficient == 0:
        return 1.0 if change > 0 else 0.0
    shift = np.log1p(change) / (np.sqrt(np.log1p(coefficient**2)) * np.sqrt(2 / rounds))
    return _power(float(shift), rounds)


def detectable_change(medians: Sequence[float], power: float = 0.8) -> float | None:
    """The smallest relative slow-down that `slower` finds with this power between two measurements like this one.

    The spread of rounds is taken from these rounds themselves, so with three of them the figure is a rough one. None for a
    single round. Raises ValueError for a power that chance alone gives (`ALPHA`), or one of 1.
    """
    rounds = len(medians)
    if rounds < 2:
        return None
    shift = optimize.brentq(lambda shift: _power(shift, rounds) - power, 0.0, 100.0)
    return float(np.expm1(shift * np.log(medians).std(ddof=1) * np.sqrt(2 / rounds)))


def _power(shift: float, rounds: int) -> float:
    freedom = 2 * rounds - 2
    return float(stats.nct.sf(stats.t.isf(ALPHA, freedom), freedom, shift))


def _interval(value: float, drawn: Floats, rounds: int) -> Estimate:
    if rounds == 1:
        low, high = np.exp(np.quantile(drawn, ((1 - LEVEL) / 2, (1 + LEVEL) / 2)))
        return Estimate(value, float(low), float(high))
    half = stats.t.ppf((1 + LEVEL) / 2, rounds - 1) * np.sqrt(rounds / (rounds - 1)) * drawn.std()
    return Estimate(value, float(value * np.exp(-half)), float(value * np.exp(half)))


def _choices(rounds: int, resamples: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return rng.integers(rounds, size=(resamples, rounds))


def _resampled(
    rounds: list[Floats], batches: Batches | None, choices: NDArray[np.int64], rng: np.random.Generator
) -> Floats:
    """The point estimate of every resample, given the rounds that each drew [resamples, rounds]."""
    groups = None if batches is None else _matched(rounds, batches)
    medians = np.empty(choices.shape)
    for number, calls in enumerate(rounds):
        here = choices == number
        count = int(here.sum())
        if groups is None:
            medians[here] = _median_draws(calls, count, rng)
        else:
            medians[here] = rng.choice(_median_draws_by_batch(calls, groups[number], rng), count)
    return np.asarray(np.median(medians, axis=1))


def _median_draws(calls: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Medians of `count` resamples of the calls, each in one or two random numbers however many calls there are.

    Exact, no approximation: a resample picks the sorted call floor(m U) for m uniform U, so its k-th smallest is the call at
    floor(m U(k)), and the k-th of m uniforms is Beta(k, m - k + 1) (David and Nagaraja, Order Statistics, 2003, section 2.1).
    For even m the median also needs U(k + 1): given U(k), the smallest of m - k uniforms above it.
    """
    ordered, m = np.sort(calls), len(calls)
    k = (m + 1) // 2
    middle = rng.beta(k, m - k + 1, count)
    lower = ordered[np.minimum((m * middle).astype(np.int64), m - 1)]
    if m % 2:
        return np.asarray(lower)
    above = 1 - (1 - middle) * rng.random(count) ** (1 / (m - k))
    return np.asarray((lower + ordered[np.minimum((m * above).astype(np.int64), m - 1)]) / 2)


def _median_draws_by_batch(calls: Floats, groups: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """`POOL` medians of resamples that keep how often each batch was used: a design, not chance, chose the batches."""
    order = np.argsort(groups, kind="stable")
    _, first, position, size = np.unique(groups[order], return_index=True, return_inverse=True, return_counts=True)
    ordered, start, sizes = calls[order], first[position], size[position]
    medians: list[Floats] = []
    step = max(1, CHUNK // len(calls))
    for begun in range(0, POOL, step):
        uniform = rng.random((min(step, POOL - begun), len(calls)))
        medians.append(np.median(ordered[start + (uniform * sizes).astype(np.int64)], axis=1))
    return np.concatenate(medians)


def _checked(rounds: Rounds) -> list[Floats]:
    arrays = [np.asarray(calls, np.float64) for calls in rounds]
    if not arrays or any(calls.size == 0 for calls in arrays):
        raise ValueError("no rounds, or a round without calls")
    if not all(np.isfinite(calls).all() and (calls > 0).all() for calls in arrays):
        raise ValueError("a time is not positive and finite")
    return arrays


def _matched(rounds: list[Floats], batches: Batches) -> list[NDArray[np.int64]]:
    groups = [np.asarray(numbers, np.int64) for numbers in batches]
    if [len(numbers) for numbers in groups] != [len(calls) for calls in rounds]:
        raise ValueError("calls and the batches they used differ in number")
    return groups
