"""A number printed as a published one was: in its unit, with its decimals, rounded or truncated."""

from __future__ import annotations

import math
import re
from typing import Literal

_PRINTED = re.compile(r"(\d+)(?:\.(\d+))?\s*(M|x)")
_UNIT = {"M": 1e6, "x": 1.0}


def is_readable(printed: str) -> bool:
    return _PRINTED.fullmatch(printed) is not None


def as_printed(value: float, printed: str, printing: Literal["rounded", "truncated"]) -> bool:
    """Whether `value` would have been printed so: 14,591,258 is `14.5 M` truncated, 7.503 is `7.5x`.

    Raises ValueError for a text that is no number with the unit M (millions) or x (a ratio).
    """
    found = _PRINTED.fullmatch(printed)
    if found is None:
        raise ValueError(f"{printed!r} is no number in M or x")
    whole, decimals, unit = found.groups()
    ten = 10.0 ** len(decimals or "")
    # 1e-9 keeps 7.5 from becoming 7.499... on the way.
    shown = value / _UNIT[unit] * ten + 1e-9
    return math.floor(shown if printing == "truncated" else shown + 0.5) == int(f"{whole}{decimals or ''}")
