"""Which tokens of a line are hidden from a masked language model, and what stands in their place (Devlin et al. 2019, section 3.1)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tinybert.data.batches import PAD_ID, Batch, collate
from tinybert.data.tokens import Tokens

SHARE = 0.15
# Of the chosen tokens so many become [MASK]; of the rest one half a random token, the other half what they were.
MASKED = 0.8


@dataclass(frozen=True)
class Vocabulary:
    """Its size, the id of [MASK], and the ids that are never hidden."""

    size: int
    mask_id: int
    special_ids: tuple[int, ...]


@dataclass(frozen=True)
class MaskedTokens:
    """`tokens`: what the model sees. `answers`: the same rows with the hidden tokens' ids in their places and `PAD_ID` elsewhere."""

    tokens: Tokens
    answers: Tokens

    def collate(self, rows: np.ndarray) -> tuple[Batch, np.ndarray, np.ndarray]:
        """The padded rows; the hidden positions, counted over the B L positions of all rows; their ids: int64 [W] each."""
        answers = collate(self.answers, rows, None).input_ids.reshape(-1)
        positions = np.flatnonzero(answers != PAD_ID)
        return collate(self.tokens, rows, None), positions, answers[positions]


def mask(tokens: Tokens, vocabulary: Vocabulary, rng: np.random.Generator, masked: float = MASKED) -> MaskedTokens:
    """15 % of each row's tokens hidden, rounded, at least one where one can be. Both engines' NumPy releases draw the same.

    `masked`: the share of them that becomes [MASK]; 1: all, as in the questions that augmentation asks.
    """
    can_be = ~np.isin(tokens.input_ids, vocabulary.special_ids)
    row = np.repeat(np.arange(len(tokens)), tokens.lengths)
    counts = np.bincount(row[can_be], minlength=len(tokens))
    wanted = np.minimum(counts, np.maximum(1, np.rint(counts * SHARE).astype(np.int64)))
    # The first `wanted` of a row in a random order in which tokens that cannot be hidden come last.
    order = np.lexsort((rng.random(len(row)), ~can_be, row))
    rank = np.arange(len(row)) - np.repeat(tokens.offsets[:-1], tokens.lengths)
    hidden = order[rank < np.repeat(wanted, tokens.lengths)]
    fate = rng.random(len(hidden))
    seen = tokens.input_ids.copy()
    seen[hidden[fate < masked]] = vocabulary.mask_id
    random = hidden[(fate >= masked) & (fate < (1 + masked) / 2)]
    seen[random] = (rng.random(len(random)) * vocabulary.size).astype(seen.dtype)
    answers = np.full_like(tokens.input_ids, PAD_ID)
    answers[hidden] = tokens.input_ids[hidden]
    return MaskedTokens(replace(tokens, input_ids=seen), replace(tokens, input_ids=answers))
