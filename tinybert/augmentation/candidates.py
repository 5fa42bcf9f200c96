"""What may stand in the place of a word: a language model's words for a word of one piece, near word vectors for others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tinybert.augmentation.masked_lm import Query
from tinybert.augmentation.words import Words, eligible


@dataclass(frozen=True)
class Frame:
    """The ids around a query's pieces, and how many tokens the model reads at most."""

    cls: int
    sep: int
    mask: int
    most: int

    def holds_beside_original(self, place: int) -> bool:
        """Whether the mask of `masked_beside_original` lies within the tokens that are read."""
        return place + 1 < self.most


@dataclass(frozen=True)
class Choice:
    """`near`: word -> its nearest words; `with_model`: whether words of one piece are left to the language model;
    `keep_special`: whether tokens such as [UNK] may be candidates.
    """

    words: Words
    near: Mapping[str, Sequence[str]]
    vocabulary: Sequence[str]
    with_model: bool
    keep_special: bool

    def asks_model(self, word: str) -> bool:
        return self.with_model and len(self.words.pieces(word)) == 1

    def of_ids(self, ids: np.ndarray) -> tuple[str, ...]:
        """The words among a language model's best: pieces inside words are left out, which may leave fewer."""
        found = (self.vocabulary[each] for each in ids)
        kept = (token for token in found if not token.startswith("##"))
        return tuple(kept if self.keep_special else (token for token in kept if not _is_special(token)))

    def of_vectors(self, word: str) -> tuple[str, ...]:
        return tuple(self.near.get(word, ()))


def _is_special(token: str) -> bool:
    return token.startswith("[") and token.endswith("]") and len(token) > 2


def eligible_positions(sentence: Sequence[str]) -> list[int]:
    return [position for position, word in enumerate(sentence) if eligible(word)]


def pieces_of(words: Words, sentence: Sequence[str]) -> tuple[list[int], list[int]]:
    """A sentence's ids without special tokens, and where each word begins in them."""
    ids: list[int] = []
    begins = []
    for word in sentence:
        begins.append(len(ids))
        ids += words.pieces(word)
    return ids, begins


def masked_beside_original(frame: Frame, ids: Sequence[int], place: int) -> Query | None:
    """`[CLS] sentence with the mask [SEP] sentence [SEP]`: the published code's input, with the word itself in sight.

    Cut to the most tokens as there, without a [SEP] at the end; None where the mask lies beyond.
    """
    if not frame.holds_beside_original(place):
        return None
    masked = [*ids[:place], frame.mask, *ids[place + 1 :]]
    row = np.array([frame.cls, *masked, frame.sep, *ids, frame.sep][: frame.most], np.int64)
    return Query(row, min(len(ids) + 2, len(row)), place + 1)


def masked_alone(frame: Frame, ids: Sequence[int], place: int) -> Query | None:
    """`[CLS] sentence with the mask [SEP]`: Algorithm 1's input. A longer sentence is cut; None where the mask lies beyond."""
    position = place + 1
    if position >= frame.most - 1:
        return None
    masked = [*ids[:place], frame.mask, *ids[place + 1 :]][: frame.most - 2]
    row = np.array([frame.cls, *masked, frame.sep], np.int64)
    return Query(row, len(row), position)
