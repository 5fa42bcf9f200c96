"""The metrics of GLUE's tasks, and how a value, an interval and a change of each are written.

Accuracy and F1 are shares, in percent. MCC and the correlations lie between -1 and 1 and are written times 100 without a percent
sign, as GLUE's tables have them. Changes of all of them are in points, hundredths.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.report import figures
from harness.report.statistics import Interval


@dataclass(frozen=True)
class Metric:
    """`name` is the contract's, `label` what the report calls it."""

    name: str
    label: str
    is_share: bool

    @property
    def axis(self) -> str:
        return f"{self.label} in %" if self.is_share else f"{self.label} x 100"

    @property
    def heading(self) -> str:
        return f"{self.label[0].upper()}{self.label[1:]}"

    def value(self, value: float | None) -> str:
        """None: undefined, as the correlation of predictions that are all the same."""
        if value is None:
            return "undefined"
        return figures.percent(value) if self.is_share else figures.hundredfold(value)

    def interval(self, interval: Interval) -> str:
        return figures.percent_interval(interval) if self.is_share else figures.hundredfold_interval(interval)

    def change(self, difference: float | None) -> str:
        return "undefined" if difference is None else figures.points(difference)


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("accuracy", "accuracy", True),
        Metric("f1", "F1", True),
        Metric("mcc", "MCC", False),
        Metric("corr", "mean correlation", False),
        Metric("pearson", "Pearson correlation", False),
        Metric("spearman", "Spearman correlation", False),
    )
}
"""By the contract's name. `mean correlation` is the mean of Pearson's and Spearman's."""
