"""The words whose vectors point nearly the same way: the greatest cosines over all words, for many words at once."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from tinybert.augmentation.vectors import Vectors

QUERIES, ROWS = 512, 4096  # of one product: 8 MB of scores, which do not leave the cache before they are looked at
GROUPS = 256

Floats = NDArray[np.float32]
Places = NDArray[np.int64]


def neighbours(vectors: Vectors, words: Iterable[str], count: int) -> dict[str, tuple[str, ...]]:
    """The `count` words nearest to each word by cosine, nearest first and equal ones by row, itself left out; words
    without a vector are absent.

    As in the published script a word in title case (`Paris`, never a token of an uncased vocabulary) gets its neighbours in title case.

    The order is that of float64 products of the float32 rows, whatever the chunks: scores in float32 only choose who is in question
    (`_margin`), and these few are computed anew.
    """
    found: dict[str, tuple[str, ...]] = {}
    known = {word: vector for word in dict.fromkeys(words) if (vector := vectors.vector_of(word)) is not None}
    asked = list(known)
    for first in range(0, len(asked), QUERIES):
        chunk = asked[first : first + QUERIES]
        queries = np.stack([known[word] for word in chunk])
        own = np.array([vectors.rows.get(word, -1) for word in chunk])
        for word, rows in zip(chunk, _nearest(vectors.matrix, queries, own, count), strict=True):
            near = (vectors.words[row] for row in rows)
            found[word] = tuple(each.title() for each in near) if word.istitle() else tuple(near)
    return found


def _nearest(matrix: Floats, queries: Floats, own: Places, count: int) -> list[list[int]]:
    """Rows of `matrix` [N, d] with the greatest products with each of `queries` [q, d], greatest first, without row `own` [q] (-1: none).

    Of every block of scores the maxima of up to GROUPS groups are looked at. The `count` greatest maxima so far are `count` scores,
    so the least of them bounds the result from below, and few scores reach it: that one pass takes the place of a partial sort.
    """
    best = np.full((len(queries), count), -np.inf, np.float32)
    near: list[tuple[Places, Places, Floats]] = []
    scores = np.empty((len(queries), ROWS), np.float32)
    margin = _margin(matrix.shape[1])
    for first in range(0, len(matrix), ROWS):
        rows = np.asarray(matrix[first : first + ROWS])
        block = scores if len(rows) == ROWS else np.empty((len(queries), len(rows)), np.float32)
        np.matmul(queries, rows.T, out=block)
        here = np.flatnonzero((own >= first) & (own < first + len(rows)))
        block[here, own[here] - first] = -np.inf
        groups = min(GROUPS, len(rows))
        whole = len(rows) // groups * groups
        maxima = block[:, :whole].reshape(len(queries), -1, groups).max(axis=1)
        best = np.partition(np.concatenate([best, maxima], axis=1), -count, axis=1)[:, -count:]
        places = np.flatnonzero(block >= best.min(axis=1, keepdims=True) - margin)
        query, row = np.divmod(places, len(rows))
        near.append((query, row + first, block[query, row]))
    query, row, score = (np.concatenate(part) for part in zip(*near, strict=True))
    chosen = (score >= best.min(axis=1)[query] - margin) & (row != own[query])
    query, row = query[chosen], row[chosen]
    exact = _products(matrix, queries, query, row)
    order = np.lexsort((row, -exact, query))
    ends = np.cumsum(np.bincount(query, minlength=len(queries)))
    return [rows[:count].tolist() for rows in np.split(row[order], ends[:-1])]


def _margin(dimension: int) -> np.float32:
    """Twice what a float32 product of unit rows may be off, whatever its order: d u / (1 - d u), u = 2^-24 (Higham 2002, section 3.1)."""
    off = dimension * 2.0**-24
    return np.float32(2.01 * off / (1 - off))


def _products(matrix: Floats, queries: Floats, query: Places, row: Places) -> NDArray[np.float64]:
    """Products of pairs in float64, [pairs], in pieces, for where all rows are alike."""
    pieces = [slice(first, first + QUERIES * 32) for first in range(0, len(row), QUERIES * 32)]
    rows = (np.asarray(matrix[row[piece]], np.float64) for piece in pieces)
    parts = [
        np.einsum("pd,pd->p", each, queries[query[piece]].astype(np.float64))
        for each, piece in zip(rows, pieces, strict=True)
    ]
    return np.concatenate([np.empty(0), *parts])
