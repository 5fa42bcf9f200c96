"""Rows `token v1 ... vd` of a text file as tokens and numbers, many at once: a seventh of the time that `split` and `float` take.

A decimal of one digit, a point and up to eight digits is read by arithmetic on eight bytes at a time: three multiplications join eight
digits, as described by D. Lemire, Quickly parsing eight digits (2018). Digits and power of ten are whole numbers below 2^53, so their
one division rounds as `float` does (W. D. Clinger, How to read floating point numbers accurately, 1990). Whatever looks different
(exponents, 10 and more, numbers without a point, blanks at a line's end) goes through `float` and gives the same.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from tinybert.errors import BadInputError

SPACE, LINE_END, POINT, MINUS, ZERO = b" \n.-0"
NUMBER = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
DIGITS = 8
# The bits of a word of eight bytes that a fraction of so many digits leaves free; no such fraction: nothing is left of it.
_FREE_BITS = np.arange(8 * DIGITS, -1, -8, dtype=np.uint64)
_POWERS = 10.0 ** np.arange(DIGITS + 1)

Floats = NDArray[np.float64]
_Places = NDArray[np.int64]
_Words = NDArray[np.uint64]


def dimension_of(lines: list[bytes]) -> int:
    """How many numbers most of these lines end in, the token apart; of equally many the fewer. 0: no line ends in a number."""
    counts: Counter[int] = Counter()
    for line in lines:
        fields = line.split()
        numbers = next(
            (place for place, field in enumerate(reversed(fields)) if not NUMBER.fullmatch(field)), len(fields)
        )
        counts[max(min(numbers, len(fields) - 1), 0)] += 1
    return max(counts, key=lambda count: (counts[count], -count), default=0)


def parse_rows(lines: bytes, dimension: int, name: str, first_line: int) -> tuple[list[bytes], Floats]:
    """The tokens [n] and numbers float64 [n, dimension] of whole lines; a token is all before the last `dimension` fields.

    Raises BadInputError, with the file's name and the line, for a row of another number of numbers and for what is no finite number.
    """
    # A line's end before the first line, and room for whole words of eight bytes around it all.
    text = b"\n" * 8 + lines + b" " * (8 + -len(lines) % 8)
    letters = np.frombuffer(text, np.uint8)
    ends, marks, regular = _marks(letters, len(lines), dimension)
    begins = [0, *(end - 7 for end in ends.tolist())]
    tokens = [lines[begin : mark - 8].strip(b" ") for begin, mark in zip(begins, marks[:, 0].tolist(), strict=False)]

    def number(field: bytes, row: int) -> float:
        value = float(field) if NUMBER.fullmatch(field) else np.nan
        if not np.isfinite(value):
            found = repr(field[:40].decode("utf-8", "backslashreplace"))
            raise BadInputError(f"{name}, line {first_line + row}: {found} is no finite number: get the file anew")
        return value

    rows = np.flatnonzero(regular)
    all_regular = len(rows) == len(tokens)
    marks = marks if all_regular else marks[rows]
    read, odd = _decimals(letters, marks)
    for place, column in np.argwhere(odd).tolist():
        begin, end = marks[place, 2 * column], marks[place, 2 * column + 2]
        read[place, column] = number(text[begin:end].strip(), rows[place])
    if all_regular:
        values = read
    else:
        values = np.empty((len(tokens), dimension))
        values[rows] = read
    for row in np.flatnonzero(~regular).tolist():
        token, *fields = lines[begins[row] : begins[row + 1]].rsplit(None, dimension) or [b""]
        if len(fields) < dimension:
            found = f"{len(fields)} numbers, most lines have {dimension}"
            raise BadInputError(f"{name}, line {first_line + row} has {found}: get the file anew")
        tokens[row], values[row] = token, [number(field, row) for field in fields]
    for row, token in enumerate(tokens):
        if b" " in token and NUMBER.fullmatch(token.rpartition(b" ")[2]):
            found = f"more than {dimension} numbers, unlike most lines"
            raise BadInputError(f"{name}, line {first_line + row} has {found}: get the file anew")
    return tokens, values


def _marks(letters: NDArray[np.uint8], length: int, dimension: int) -> tuple[_Places, _Places, NDArray[np.bool_]]:
    """Where the lines end [n]; the last 2 dimension + 1 blanks, points and line ends of each [n, 2 dimension + 1]; which rows are regular.

    A regular row's marks are a space before each number and a point in it, and the line's end.
    """
    body = letters[7 : 8 + length]
    marked = body == SPACE
    marked |= body == POINT
    marked |= body == LINE_END
    places = np.flatnonzero(marked)
    places += 7
    kinds = letters[places]
    ends = np.flatnonzero(kinds == LINE_END)
    back = np.arange(-2 * dimension, 1)
    alike = bool((np.diff(ends) == len(back)).all())
    chosen = np.s_[1:] if alike else np.maximum(ends[1:, None] + back, 0)
    marks, kinds = places[chosen].reshape(-1, len(back)), kinds[chosen].reshape(-1, len(back))
    regular = (kinds[:, :-1:2] == SPACE).all(axis=1) & (kinds[:, 1::2] == POINT).all(axis=1)
    return places[ends[1:]], marks, regular & (kinds[:, -1] == LINE_END)


def _decimals(letters: NDArray[np.uint8], marks: _Places) -> tuple[Floats, NDArray[np.bool_]]:
    """The numbers [n, d] between marks [n, 2 d + 1] (space, point, space, ..., line's end), and which of them are not to be trusted.

    In place where it can be: fresh memory costs more than the arithmetic.
    """
    begins, points, ends = marks[:, :-1:2] + 1, marks[:, 1::2], marks[:, 2::2]
    digits = ends - points
    digits -= 1
    odd = (digits < 1) | (digits > DIGITS)
    digits[odd] = 0
    power = _POWERS[digits]
    eight = _eight_before(letters.view("<u8"), ends)
    eight ^= np.uint64(0x3030303030303030)
    free = _FREE_BITS[digits]
    eight >>= free
    eight <<= free
    np.add(eight, np.uint64(0x7676767676767676), out=free)
    free |= eight
    free &= np.uint64(0x8080808080808080)
    odd |= free != 0
    negative = letters[begins] == MINUS
    begins -= points
    begins += negative
    odd |= begins != -1
    whole = letters[points - 1]
    whole -= np.uint8(ZERO)
    odd |= whole > 9
    values = whole * power
    values += _joined(eight)
    values /= power
    np.negative(values, out=values, where=negative)
    return values, odd


def _eight_before(words: _Words, ends: _Places) -> _Words:
    """The eight bytes before each place, the last in the highest bits, out of two whole words each."""
    place = ends >> 3
    high = words[place]
    place -= 1
    low: _Words = words[place]
    shift = (ends & 7).view(np.uint64)
    shift <<= np.uint64(3)
    low >>= shift
    np.subtract(np.uint64(64), shift, out=shift)
    high <<= shift
    low |= high
    return low


def _joined(digits: _Words) -> _Words:
    """Eight digits, one a byte and the first in the lowest, as one number, in their place."""
    digits *= np.uint64(2561)
    digits >>= np.uint64(8)
    digits &= np.uint64(0x00FF00FF00FF00FF)
    digits *= np.uint64(6553601)
    digits >>= np.uint64(16)
    digits &= np.uint64(0x0000FFFF0000FFFF)
    digits *= np.uint64(42949672960001)
    digits >>= np.uint64(32)
    return digits
