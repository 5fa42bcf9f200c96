"""The batches that forward passes are timed on: real dev rows, padded to a length or at their own."""

from __future__ import annotations

import numpy as np

from tinybert.data.batches import Batch, collate, evaluation_batches
from tinybert.data.tokens import Tokens, truncate

REAL = "real"
# Rows padded to one length cost the same whatever they say: a few batches do, so that no single one stays in the caches.
PADDED_BATCHES = 3
# Single rows stand for the whole set by their lengths, evenly from the shortest to the longest.
SINGLE_ROWS = 64


def forward_batches(tokens: Tokens, batch_size: int, length: int | str, seed: int) -> list[Batch]:
    """The batches of one cycle, all of `batch_size` rows, in an order drawn by `seed` so that lengths alternate.

    `length` a number: padded to it, with rows spread over all lengths. "real": padded to the longest row of the batch, rows of like
    length together: every such batch of the dev set, or for single rows a choice spread over all lengths. Longer rows are cut.
    """
    if length != REAL:
        tokens = truncate(tokens, int(length))
    by_length = np.argsort(tokens.lengths, kind="stable")
    if length != REAL:
        count = min(PADDED_BATCHES, max(1, len(tokens) // batch_size))
        chosen = _spread(by_length, count * batch_size).reshape(batch_size, count).T
        return [collate(tokens, rows, int(length)) for rows in chosen]
    if batch_size == 1:
        groups = [rows[None] for rows in _spread(by_length, min(SINGLE_ROWS, len(tokens)))]
    else:
        groups = [
            rows for rows in evaluation_batches(tokens, np.arange(len(tokens)), batch_size) if len(rows) == batch_size
        ]
        groups = groups or [np.resize(by_length, batch_size)]
    order = np.argsort(np.random.default_rng(seed).random(len(groups)), kind="stable")
    return [collate(tokens, groups[position], None) for position in order]


def _spread(values: np.ndarray, count: int) -> np.ndarray:
    """`count` of the values, evenly from the first to the last; some more than once where there are too few."""
    return values[np.linspace(0, len(values) - 1, count).round().astype(np.int64)]
