"""How calls and rounds of a timing lie: quantiles, variation, outliers and trend. Arguments as in `samples`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tinybert.measuring.samples import Batches, Rounds, checked, matched

# Calls below which a quantile is not stated: the fewest for which one call above the quantile may be seen and still
# P(Binomial(n, 1 - q) <= 1) <= 0.01, MLPerf's early stopping at confidence 0.99 (inference_rules.adoc).
QUANTILE_CALLS = {0.9: 64, 0.99: 662}
# |x - median| / MAD above which a call is flagged: ten standard deviations of a normal distribution, for which
# sd = 1.4826 MAD. hyperfine's OUTLIER_THRESHOLD, on the modified z-score of Iglewicz and Hoaglin (How to Detect and Handle
# Outliers, 1993).
OUTLIER_SCORE = 14.826
# Of Kendall's test for a steady trend.
ALPHA = 0.05


@dataclass(frozen=True)
class Trend:
    """`change`: from the first round to the last, relative to the median. `steady`: the order is more than chance would have it."""

    change: float
    steady: bool


def quantile(rounds: Rounds, level: float) -> float | None:
    """The quantile 0.9 or 0.99 of all calls pooled; None below the calls that it takes (`QUANTILE_CALLS`)."""
    calls = np.concatenate(checked(rounds))
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
    arrays = checked(rounds)
    groups = np.zeros(sum(map(len, arrays)), np.int64) if batches is None else np.concatenate(matched(arrays, batches))
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
    to say (`limits.Limits.drift`): with three rounds the order alone proves little.
    """
    if len(medians) < 2:
        return Trend(0.0, False)
    order = np.arange(len(medians))
    change = float(stats.theilslopes(medians, order).slope * (len(medians) - 1) / np.median(medians))
    steps = np.sign(np.diff(medians))
    monotone = bool(steps[0] != 0 and (steps == steps[0]).all())
    steady = len(medians) > 2 and (monotone or bool(stats.kendalltau(order, medians).pvalue < ALPHA))
    return Trend(change, steady)
