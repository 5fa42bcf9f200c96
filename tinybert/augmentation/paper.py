"""The paper's reading, Algorithm 1 of Jiao et al. (2020): every sample is written from left to right, and what was replaced is in sight.

For each eligible word of each sample, with probability p: a word of one piece is masked in the sentence as it stands by then, alone, and
replaced by one of the K words that the model likes best; any other by one of the K nearest word vectors. The paper's pseudocode draws
the candidates first and p afterwards; what is not replaced needs none. Its masked word is put back where it is not replaced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from tinybert import stop
from tinybert.augmentation.candidates import (
    Choice,
    Frame,
    eligible_positions,
    masked_alone,
    pieces_of,
)
from tinybert.augmentation.drawing import FROM_MODEL, FROM_VECTORS, NONE, Counts, Draws, distinct, pick
from tinybert.augmentation.masked_lm import MaskedLM, Query
from tinybert.augmentation.variants import Sentences
from tinybert.augmentation.work import Work


@dataclass(frozen=True)
class Sample:
    """A sentence being written, and the positions to be replaced, ascending, each with the share that picks the candidate."""

    words: list[str]
    picked: Sequence[tuple[int, float]]


@dataclass(frozen=True)
class Paper:
    """Makes the variants of rows. `model` is None where word vectors alone are asked."""

    work: Work
    choice: Choice
    frame: Frame
    model: MaskedLM | None

    def make(self, rows: Sequence[int], counts: Counts) -> list[Sentences]:
        """[row][text][variant]. All samples of all rows take their next word together, so that the model has large batches."""
        work, words_of = self.work, self.choice.words
        places = [(row, column, text) for row in rows for column, text in enumerate(work.texts(row))]
        sentences = [words_of.split(text) for _, _, text in places]
        samples = [
            self._samples(words, row, column, counts) for (row, column, _), words in zip(places, sentences, strict=True)
        ]
        waiting = [sample for each in samples for sample in each]
        for step in range(max((len(sample.picked) for sample in waiting), default=0)):
            stop.check()
            self._replace([sample for sample in waiting if step < len(sample.picked)], step, counts)
        new = iter(
            distinct(words, [sample.words for sample in each], {text, " ".join(words)}, counts)
            for (_, _, text), words, each in zip(places, sentences, samples, strict=True)
        )
        return [list(islice(new, len(work.texts(row)))) for row in rows]

    def _samples(self, words: Sequence[str], row: int, column: int, counts: Counts) -> list[Sample]:
        positions = eligible_positions(words)
        counts.words += len(positions)
        draws = Draws.of(self.work.options, self.work.seed, row, column, len(positions))
        return [
            Sample(list(words), [(positions[place], float(picked[place])) for place in np.flatnonzero(replaced)])
            for replaced, picked in zip(draws.replaced, draws.picked, strict=True)
        ]

    def _replace(self, samples: Sequence[Sample], step: int, counts: Counts) -> None:
        """The `step`th replacement of each sample."""
        asked: list[tuple[Sample, Query]] = []
        for sample in samples:
            position, _ = sample.picked[step]
            word = sample.words[position]
            if self.model and self.choice.asks_model(word):
                ids, begins = pieces_of(self.choice.words, sample.words)
                if query := masked_alone(self.frame, ids, begins[position]):
                    asked.append((sample, query))
                else:
                    counts.candidates[NONE] += 1
            else:
                _put(sample, step, self.choice.of_vectors(word), FROM_VECTORS, counts)
        if self.model and asked:
            options = self.work.options
            queries = [query for _, query in asked]
            best = self.model.best(
                queries, options["candidates_per_word"], options["batch_tokens"], stop.check_on_report
            )
            for (sample, _), ids in zip(asked, best, strict=True):
                _put(sample, step, self.choice.of_ids(ids), FROM_MODEL, counts)


def _put(sample: Sample, step: int, candidates: Sequence[str], source: str, counts: Counts) -> None:
    counts.candidates[source if candidates else NONE] += 1
    if candidates:
        position, share = sample.picked[step]
        sample.words[position] = pick(candidates, share)
