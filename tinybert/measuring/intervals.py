"""Point estimates of timings and of their ratios with 95 % intervals, by a bootstrap of rounds and of the calls within each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tinybert.measuring.samples import Batches, Floats, Rounds, checked, matched, round_medians

LEVEL = 0.95
RESAMPLES = 10_000
# The same samples give the same interval, today and when an old record is judged again.
SEED = 20200212
# Where calls are drawn batch by batch, so many medians are drawn per round and the resamples pick among them.
POOL = 1_000
# Random numbers held at once while doing so: 8 MB an array.
CHUNK = 2**20


@dataclass(frozen=True)
class Estimate:
    """A value and its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def width(self) -> float:
        return self.high - self.low


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
    arrays = checked(rounds)
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
    over, under = checked(numerator), checked(denominator)
    if len(over) != len(under):
        raise ValueError(f"{len(over)} rounds against {len(under)}")
    rng = np.random.default_rng(SEED)
    choices = _choices(len(over), resamples, rng)
    above = _resampled(over, numerator_batches, choices, rng)
    below = _resampled(under, denominator_batches, choices, rng)
    value = float(np.median(round_medians(numerator)) / np.median(round_medians(denominator)))
    return _interval(value, np.log(above / below), len(over))


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
    groups = None if batches is None else matched(rounds, batches)
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
