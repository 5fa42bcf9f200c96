"""Samples of a timing grouped by rounds, and what the statistics say of them in common.

One definition of the point estimate throughout: the median of the rounds' medians. Every round then weighs the same however
many calls fitted into it, and half of the rounds may be disturbed before the estimate is. Intervals, variation, drift and the
test for a slow-down are all about round medians; a round is a fresh process, and what differs between processes (addresses,
clock, neighbours) is what separates two measurements of unchanged code.

`Rounds` is [round][call], positive finite times in any one unit, which is also that of the results; `Batches` has the same form
and names the batch each call used, because at real lengths calls differ by batch. Every function of them, here and in
`intervals`, `comparison` and `statistics`, raises ValueError for no rounds, an empty round or a time that is not positive.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rounds = Sequence[Sequence[float]]
Batches = Sequence[Sequence[int]]


def round_medians(rounds: Rounds) -> list[float]:
    return [float(np.median(calls)) for calls in checked(rounds)]


def checked(rounds: Rounds) -> list[Floats]:
    arrays = [np.asarray(calls, np.float64) for calls in rounds]
    if not arrays or any(calls.size == 0 for calls in arrays):
        raise ValueError("no rounds, or a round without calls")
    if not all(np.isfinite(calls).all() and (calls > 0).all() for calls in arrays):
        raise ValueError("a time is not positive and finite")
    return arrays


def matched(rounds: list[Floats], batches: Batches) -> list[NDArray[np.int64]]:
    groups = [np.asarray(numbers, np.int64) for numbers in batches]
    if [len(numbers) for numbers in groups] != [len(calls) for calls in rounds]:
        raise ValueError("calls and the batches they used differ in number")
    return groups
