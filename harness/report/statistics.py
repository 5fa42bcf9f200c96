"""The statistics of scores: intervals of accuracies, the paired test, seeds, and how far a published score may lie off.

Those of times, and the bootstrap intervals of other metrics, are computed by the stages that have the samples and the rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

LEVEL = 0.95
Z = float(stats.norm.ppf((1 + LEVEL) / 2))
"""Of the normal distribution: 1.96."""


@dataclass(frozen=True)
class Interval:
    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Seeds:
    """One value per seed, summed up. `interval`: Student's 95 % interval of the mean."""

    values: tuple[float, ...]
    mean: float
    deviation: float
    interval: Interval


def wilson(successes: int, rows: int) -> Interval:
    """95 % score interval of a proportion (Wilson 1927). Raises ValueError for counts that no sample can have."""
    if rows < 1 or not 0 <= successes <= rows:
        raise ValueError(f"{successes} of {rows} rows")
    z, p = Z, successes / rows
    centre = (p + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z / (1 + z * z / rows) * math.sqrt(p * (1 - p) / rows + z * z / (4 * rows * rows))
    return Interval(max(0.0, centre - half), min(1.0, centre + half))


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
    half = Z * np.sqrt(first + second - (second - first) ** 2 / n) / n
    return Interval(float(max(-1.0, centre - half)), float(min(1.0, centre + half)))


def difference(first: float, first_interval: Interval, second: float, second_interval: Interval) -> Interval:
    """95 % interval of second - first, of two independent estimates with their 95 % intervals.

    MOVER, the method of variance estimates recovery (Zou and Donner, Statistics in Medicine 27, 2008, 1693-1702). For accuracies with
    Wilson's intervals that is Newcombe's hybrid score interval (1998). Of two cells or runs the pairing of rows is not used, for a record
    does not hold who got which row right; the interval is then wider than it need be.
    """
    centre = second - first
    low = centre - math.hypot(second - second_interval.low, first_interval.high - first)
    high = centre + math.hypot(second_interval.high - second, first - first_interval.low)
    return Interval(low, high)


def seeds(values: Sequence[float]) -> Seeds:
    """Mean, sample standard deviation and Student's 95 % t-interval of the mean (Student 1908) over independent seeds.

    The interval says where the mean of many seeds lies on these same rows; the rows' own sampling error is not in it.
    Raises ValueError below two values, from which no spread can be told.
    """
    if len(values) < 2:
        raise ValueError(f"{len(values)} seeds have no spread")
    mean, deviation = float(np.mean(values)), float(np.std(values, ddof=1))
    half = float(stats.t.ppf((1 + LEVEL) / 2, len(values) - 1)) * deviation / math.sqrt(len(values))
    return Seeds(tuple(values), mean, deviation, Interval(mean - half, mean + half))


def accuracy_tolerance(rows: int, accuracy: float) -> float:
    """How far a measured accuracy may lie from a published one of the same dev set, as a fraction: z sqrt(p (1 - p) / n).

    That is the half-width of the 95 % normal interval of the published proportion: 1.9 points for 91.3 % of 872 rows,
    5.6 for 65 % of 277. Two runs on the same rows differ only where one is right and the other wrong; if that is a share d
    of the rows, their difference has the standard error sqrt(d / n). So this tolerance allows d = p (1 - p), half of the
    2 p (1 - p) of two runs that err independently: between sharing every error (tolerance 0) and sharing none (sqrt(2)
    times this). The published rows, which would tell d, are not known. Raises ValueError for what is no proportion of rows.
    """
    if rows < 1 or not 0 <= accuracy <= 1:
        raise ValueError(f"{accuracy} of {rows} rows is no proportion")
    return Z * math.sqrt(accuracy * (1 - accuracy) / rows)


def half_width(interval: Interval) -> float:
    return (interval.high - interval.low) / 2
