"""Word vectors of unit length: what a word of several pieces is compared by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray


def no_vector(_word: str) -> None:
    """No word beside the rows has a vector."""


@dataclass(frozen=True, eq=False)
class Vectors:
    """`words` [N], each once, and `matrix` float32 [N, d], a unit row each, so that a product of two is their cosine; it may be a memmap.

    source: the kind, `glove` or `teacher-embeddings`; facts: what a result tells of them; beyond: the unit vector float32 [d] of a word
    that has no row, or None.
    """

    words: Sequence[str]
    matrix: NDArray[np.float32]
    source: str
    facts: Mapping[str, Any]
    beyond: Callable[[str], NDArray[np.float32] | None] = no_vector

    @cached_property
    def rows(self) -> dict[str, int]:
        """The row of each word."""
        return {word: row for row, word in enumerate(self.words)}

    def vector_of(self, word: str) -> NDArray[np.float32] | None:
        """float32 [d] of unit length, or None where the word has no vector."""
        row = self.rows.get(word)
        return self.beyond(word) if row is None else np.asarray(self.matrix[row])
