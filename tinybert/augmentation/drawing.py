"""New sentences from the candidates of a sentence's words."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

FROM_MODEL, FROM_VECTORS, NONE = "masked-lm", "vectors", "none"
"""Where a word's candidates come from."""
Candidates = Mapping[int, Sequence[str]]
"""Position of an eligible word -> what may stand there, at least one word."""


@dataclass(frozen=True)
class Draws:
    """What chance says of N samples of a sentence with E eligible words: whether each is replaced, and a share in [0, 1) that picks
    the candidate. Both [N, E].
    """

    replaced: np.ndarray
    picked: np.ndarray

    @staticmethod
    def of(options: Mapping[str, Any], seed: int, row: int, column: int, words: int) -> Draws:
        """From the seed, the row and the column of its text alone: the same whatever is drawn before, beside or after."""
        rng = np.random.default_rng([seed, 0xA06, row, column])
        shares = rng.random((2, options["samples"], words))
        return Draws(shares[0] < options["replace_probability"], shares[1])


@dataclass
class Counts:
    """Of all samples drawn: `words` eligible ones, `replaced` by another word; and of the sentences `drawn` the `duplicates` dropped.

    `candidates`: eligible words by where their candidates come from.
    """

    words: int = 0
    replaced: int = 0
    drawn: int = 0
    duplicates: int = 0
    candidates: dict[str, int] = field(default_factory=lambda: dict.fromkeys((FROM_MODEL, FROM_VECTORS, NONE), 0))

    def add(self, other: Counts) -> None:
        for name in ("words", "replaced", "drawn", "duplicates"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for source, words in other.candidates.items():
            self.candidates[source] += words


def pick(candidates: Sequence[str], share: float) -> str:
    """Each is as likely."""
    return candidates[int(share * len(candidates))]


def variants(words: Sequence[str], candidates: Candidates, draws: Draws) -> list[list[str]]:
    """N sentences: each eligible word replaced where the draws say so, by a candidate, which may be the word itself."""
    positions = sorted(candidates)
    made = []
    for replaced, picked in zip(draws.replaced, draws.picked, strict=True):
        sentence = list(words)
        for place in np.flatnonzero(replaced):
            position = positions[place]
            sentence[position] = pick(candidates[position], picked[place])
        made.append(sentence)
    return made


def distinct(
    words: Sequence[str], sentences: Sequence[Sequence[str]], known: Collection[str], counts: Counts
) -> list[str]:
    """The sentences as text, in their order, each once and none of the `known`; counted."""
    seen = set(known)
    kept = []
    for sentence in sentences:
        text = " ".join(sentence)
        counts.drawn += 1
        counts.replaced += sum(new != old for new, old in zip(sentence, words, strict=True))
        if text in seen:
            counts.duplicates += 1
        else:
            seen.add(text)
            kept.append(text)
    return kept
