"""How a number is written. Every format of the report and the terminal calls these, so a number reads the same everywhere.

Measured numbers are rounded to nearest: accuracies to a tenth of a percent, ratios to two decimals below ten. Published
numbers are shown as printed, never formatted again: the published 7.5x is truncated from its own 110 / 14.5 = 7.586, and two
decimals keep a measured 7.50x or 7.63x apart from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from harness.report.statistics import Interval


def percent(fraction: float) -> str:
    return f"{100 * fraction:.1f} %"


def percent_interval(interval: Interval) -> str:
    return f"{100 * interval.low:.1f} to {100 * interval.high:.1f} %"


def hundredfold(value: float) -> str:
    """A coefficient between -1 and 1 as GLUE's tables have it: 58.5 for 0.585."""
    return f"{round(100 * value, 1) + 0.0:.1f}".replace("-", "\u2212")


def hundredfold_interval(interval: Interval) -> str:
    return f"{hundredfold(interval.low)} to {hundredfold(interval.high)}"


def points(difference: float) -> str:
    """A difference of two shares or coefficients in hundredths, always with its sign."""
    return f"{_signed(100 * difference)} points"


def points_interval(interval: Interval) -> str:
    return f"{_signed(100 * interval.low)} to {_signed(100 * interval.high)}"


def count(number: float) -> str:
    return f"{int(number):,}"


def seconds(value: float) -> str:
    """Three significant digits."""
    return f"{value:.{_decimals(value)}f} s"


def seconds_interval(interval: Interval) -> str:
    return f"{_between(interval)} s"


def all_seconds(values: Sequence[float]) -> str:
    """Every sample, with the decimals of the largest."""
    decimals = _decimals(max(values))
    return f"{', '.join(f'{value:.{decimals}f}' for value in values)} s"


def milliseconds(value: float) -> str:
    return f"{value:,.{_decimals(value)}f} ms"


def milliseconds_interval(interval: Interval) -> str:
    return f"{_between(interval)} ms"


def measure(value: float) -> str:
    """A rate, a power, a temperature: three significant digits, its unit in the heading."""
    return f"{value:,.{_decimals(value)}f}"


def small_percent(fraction: float) -> str:
    """A share that may be far below one percent."""
    return f"{100 * fraction:.{1 if fraction >= 0.01 else 2}f} %"


def ratio(value: float) -> str:
    return f"{value:.{1 if value >= 10 else 2}f}x"


def ratio_interval(interval: Interval) -> str:
    decimals = 1 if interval.high >= 10 else 2
    return f"{interval.low:.{decimals}f} to {interval.high:.{decimals}f}x"


def p_value(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def size(count_bytes: float) -> str:
    """What a disk's maker would write: 1 MB is 1,000,000 bytes."""
    return f"{count_bytes / 1e6:,.1f} MB"


def memory(count_bytes: float) -> str:
    """1 MiB is 1,048,576 bytes."""
    return f"{count_bytes / 2**20:,.0f} MiB"


def duration(value_s: float) -> str:
    """`3.1 s` below a minute, else `h:mm:ss`."""
    return f"{value_s:.1f} s" if value_s < 60 else str(timedelta(seconds=round(value_s)))


def shape(shape: Mapping[str, int]) -> str:
    return ", ".join(words.format(shape[name]) for name, words in _SHAPE.items() if name in shape)


_SHAPE = {"layers": "{} layers", "hidden_size": "width {}", "heads": "{} heads", "intermediate_size": "feed-forward {}"}


def _decimals(value: float) -> int:
    return 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3


def _between(interval: Interval) -> str:
    """Both ends with the decimals of the lower one, so that a narrow interval does not close."""
    decimals = _decimals(interval.low)
    return f"{interval.low:,.{decimals}f} to {interval.high:,.{decimals}f}"


def _signed(number: float) -> str:
    # A true minus sign, and no "-0.0".
    return f"{round(number, 1) + 0.0:+.1f}".replace("-", "\u2212")
