"""Whether a second measurement is slower than a first, and how large a slow-down the test for it finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from tinybert.measuring.samples import Rounds, round_medians

# Chance that `slower` calls unchanged code slower.
ALPHA = 0.05


@dataclass(frozen=True)
class Comparison:
    """`change`: how much slower the second measurement is (0.05: 5 %); `p`: of as large a slow-down from unchanged code."""

    change: float
    p: float

    @property
    def slower(self) -> bool:
        return self.p < ALPHA


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
