"""What is augmented: rows of the train file, and how."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tinybert.augmentation.words import Words, eligible
from tinybert.data.batches import choose_rows
from tinybert.data.examples import Examples, read_examples
from tinybert.spec import StageSpec


@dataclass(frozen=True)
class Work:
    """`rows`: those of the file's examples that are chosen, ascending; `options`: the stage's."""

    path: Path
    examples: Examples
    rows: tuple[int, ...]
    options: Mapping[str, Any]
    seed: int

    @staticmethod
    def of(spec: StageSpec) -> Work:
        """The train file that prepare read: the task's own, or the embedded sample, which stands among prepare's artifacts.

        Raises BadInputError as `read_examples` does.
        """
        path = spec.inputs.get("data", spec.inputs["prepare"] / "sample") / spec.task.train
        examples = read_examples(path, spec.task)
        rows = choose_rows(len(examples), spec.options["rows"], spec.seed)
        return Work(path, examples, tuple(rows.tolist()), spec.options, spec.seed)

    @property
    def is_published(self) -> bool:
        return bool(self.options["mode"] == "published")

    @property
    def with_model(self) -> bool:
        """Whether words of one piece are left to a language model."""
        return bool(self.options["candidates"] == "masked-lm")

    def texts(self, row: int) -> tuple[str, ...]:
        """Text A, and of a pair text B."""
        second = () if self.examples.text_b is None else (self.examples.text_b[row],)
        return (self.examples.text_a[row], *second)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Each distinct text of the chosen rows, and its number in the order of their first occurrence."""
        texts = dict.fromkeys(text for row in self.rows for text in self.texts(row))
        return {text: number for number, text in enumerate(texts)}

    def words_without_model(self, words: Words) -> Collection[str]:
        """Eligible words that need word vectors, sorted: those of several pieces, or all where no model is asked."""
        found = {word for text in self.numbers for word in words.split(text) if eligible(word)}
        return sorted(word for word in found if not self.with_model or len(words.pieces(word)) != 1)
