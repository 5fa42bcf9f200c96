"""The statistics behind every number shown: intervals, the paired test, the spread of rounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

LEVEL = 0.95
# Below this many rounds quartiles are interpolations between single rounds, so the whole range is shown instead.
ROUNDS_FOR_QUARTILES = 10
RESAMPLES = 10_000
# The same samples give the same interval, today and when an old record is rendered again.
BOOTSTRAP_SEED = 20200212


@dataclass(frozen=True)
class Interval:
    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Spread:
    """The median of timed rounds and how far they lie apart: `kind` is `range` (all rounds) or `quartiles` (the middle half)."""

    median: float
    low: float
    high: float
    kind: str
    rounds: int


def wilson(successes: int, rows: int) -> Interval:
    """95 % score interval of a proportion (Wilson 1927). Raises ValueError for counts that no sample can have."""
    interval = stats.binomtest(successes, rows).proportion_ci(LEVEL, method="wilson")
    return Interval(float(interval.low), float(interval.high))


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided exact p of McNemar's test: are the rows that one model alone gets right split evenly? 1 when there are none."""
    discordant = only_first + only_second
    return 1.0 if discordant == 0 else float(stats.binomtest(only_first, discordant, 0.5).pvalue)


def paired_difference(only_first: int, only_second: int, rows: int) -> Interval:
    """95 % interval of (second - first) accuracy of two models on the same rows.

    Wald's interval after adding 1/2 to each of the four cells (Agresti and Min, Statistics in Medicine 24, 2005, 729-740),
    so it keeps its level where few rows or none are discordant.
    """
    n, first, second = rows + 2.0, only_first + 0.5, only_second + 0.5
    centre = (second - first) / n
    half = stats.norm.ppf((1 + LEVEL) / 2) * np.sqrt(first + second - (second - first) ** 2 / n) / n
    return Interval(float(max(-1.0, centre - half)), float(min(1.0, centre + half)))


def spread(samples: Sequence[float]) -> Spread:
    """Median with the range of the samples, or with their quartiles from ten rounds on. Raises ValueError without samples."""
    if not samples:
        raise ValueError("no samples")
    kind, percentiles = ("range", (0, 100)) if len(samples) < ROUNDS_FOR_QUARTILES else ("quartiles", (25, 75))
    low, high = np.percentile(samples, percentiles)
    return Spread(float(np.median(samples)), float(low), float(high), kind, len(samples))


def median_ratio(numerator: Sequence[float], denominator: Sequence[float]) -> tuple[float, Interval | None]:
    """Ratio of the medians and its 95 % percentile bootstrap interval (Efron and Tibshirani 1993, chapter 13).

    Whole rounds are drawn, both models' times together, because the two are timed in turn within a round and share its
    disturbances. None for the interval below two rounds. Raises ValueError when the two have different numbers of rounds.
    """
    if len(numerator) != len(denominator):
        raise ValueError(f"{len(numerator)} rounds against {len(denominator)}")
    ratio = float(np.median(numerator) / np.median(denominator))
    if len(numerator) < 2:
        return ratio, None
    outcome = stats.bootstrap(
        (np.asarray(numerator), np.asarray(denominator)),
        lambda a, b, axis: np.median(a, axis=axis) / np.median(b, axis=axis),
        n_resamples=RESAMPLES,
        paired=True,
        vectorized=True,
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.default_rng(BOOTSTRAP_SEED),
    )
    return ratio, Interval(float(outcome.confidence_interval.low), float(outcome.confidence_interval.high))
