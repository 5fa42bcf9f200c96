"""The published code's reading: the candidates of every word of a sentence at once, with the sentence itself in sight."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open

from tinybert.augmentation.candidates import (
    Choice,
    Frame,
    eligible_positions,
    masked_beside_original,
    pieces_of,
)
from tinybert.augmentation.drawing import FROM_MODEL, FROM_VECTORS, NONE, Candidates, Counts, Draws, distinct, variants
from tinybert.augmentation.masked_lm import MaskedLM, Query
from tinybert.augmentation.variants import Sentences
from tinybert.augmentation.work import Work
from tinybert.data.tokens import offsets_of
from tinybert.evaluation import save

SHARD_SENTENCES = 1024
"""A kill loses so many at most. What is in a shard is fixed by the data, so what is computed after a kill is the same to the bit."""


@dataclass(frozen=True)
class Shard:
    """Tells of queries answered as of sentences done."""

    first: int
    sentences: int
    queries: int
    report: Callable[[int], None]

    def told(self, queries: int) -> None:
        self.report(self.first + self.sentences * queries // self.queries)


class PublishedCandidates:
    """A language model's answers, once for each distinct sentence, kept in shards on disk: memory does not grow with the data."""

    def __init__(self, choice: Choice, frame: Frame, directory: Path) -> None:
        self._choice, self._frame, self._directory = choice, frame, directory
        self._shard = lru_cache(maxsize=16)(self._load)

    def compute(
        self,
        model: MaskedLM,
        texts: Sequence[str],
        options: Mapping[str, Any],
        report: Callable[[int], None],
    ) -> None:
        """For distinct sentences, whose place in `texts` is their number from now on. `report`: sentences done; may raise to stop."""
        for first in range(0, len(texts), SHARD_SENTENCES):
            path = self._path(first // SHARD_SENTENCES)
            shard = texts[first : first + SHARD_SENTENCES]
            if not path.is_file():
                queries = [self._queries(self._choice.words.split(text)) for text in shard]
                ids = model.best(
                    [query for each in queries for query in each],
                    options["candidates_per_word"],
                    options["batch_tokens"],
                    Shard(first, len(shard), sum(map(len, queries)), report).told,
                )
                save(path, {"ids": ids, "offsets": offsets_of([len(each) for each in queries])})
            report(first + len(shard))

    def of(self, number: int | None, sentence: Sequence[str], counts: Counts) -> Candidates:
        """Position of each eligible word -> its candidates, at least the word itself. `number` is None where no model was asked."""
        answers = iter(() if number is None else self._answers(number))
        _, begins = pieces_of(self._choice.words, sentence)
        found: dict[int, Sequence[str]] = {}
        for position in eligible_positions(sentence):
            word = sentence[position]
            if self._choice.asks_model(word):
                was_asked = self._frame.holds_beside_original(begins[position])
                words, source = (self._choice.of_ids(next(answers)) if was_asked else ()), FROM_MODEL
            else:
                words, source = self._choice.of_vectors(word), FROM_VECTORS
            found[position] = words or (word,)
            counts.words += 1
            counts.candidates[source if words else NONE] += 1
        return found

    def _queries(self, sentence: Sequence[str]) -> list[Query]:
        ids, begins = pieces_of(self._choice.words, sentence)
        asked = (
            masked_beside_original(self._frame, ids, begins[position])
            for position in eligible_positions(sentence)
            if self._choice.asks_model(sentence[position])
        )
        return [query for query in asked if query]

    def _answers(self, number: int) -> np.ndarray:
        file, offsets = self._shard(number // SHARD_SENTENCES)
        first, last = offsets[number % SHARD_SENTENCES :][:2]
        # The library refuses an empty slice at the end.
        return np.asarray(file.get_slice("ids")[int(first) : int(last)]) if last > first else np.empty((0, 0), np.int32)

    def _load(self, shard: int) -> tuple[Any, np.ndarray]:
        file: Any = safe_open(self._path(shard), framework="numpy")
        return file, file.get_tensor("offsets")

    def _path(self, shard: int) -> Path:
        return self._directory / f"{shard:05d}.safetensors"


@dataclass(frozen=True)
class Published:
    """Makes the variants of rows. `candidates` has been computed for the work's texts where it has a model."""

    work: Work
    choice: Choice
    candidates: PublishedCandidates

    def make(self, rows: Sequence[int], counts: Counts) -> list[Sentences]:
        """[row][text][variant]."""
        return [
            [self._variants(row, column, text, counts) for column, text in enumerate(self.work.texts(row))]
            for row in rows
        ]

    def _variants(self, row: int, column: int, text: str, counts: Counts) -> list[str]:
        work = self.work
        words = self.choice.words.split(text)
        found = self.candidates.of(work.numbers[text] if work.with_model else None, words, counts)
        draws = Draws.of(work.options, work.seed, row, column, len(found))
        return distinct(words, variants(words, found, draws), {text}, counts)
