"""Token ids of a data set, ragged: no padding is stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

from tinybert import artifacts
from tinybert.data.examples import Examples, Labels
from tinybert.errors import InfrastructureError

CHUNK_ROWS = 4096
Integers = NDArray[np.integer]


@dataclass(frozen=True)
class Tokens:
    """All rows end to end: row r is `input_ids[offsets[r]:offsets[r + 1]]`, `[CLS] A [SEP]` or `[CLS] A [SEP] B [SEP]`.

    input_ids: uint16, or uint32 for vocabularies beyond 65,536 [tokens]; offsets: int64 [rows + 1];
    first_lengths: uint16 [rows], the length of `[CLS] A [SEP]`; labels: int32 classes or float32 scores [rows].
    """

    input_ids: Integers
    offsets: NDArray[np.int64]
    first_lengths: Integers
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each row, special tokens included: int64 [rows]."""
        return np.diff(self.offsets)

    @property
    def bytes_per_row(self) -> float:
        """Memory of the four arrays, divided by the rows."""
        arrays = (self.input_ids, self.offsets, self.first_lengths, self.labels)
        return sum(array.nbytes for array in arrays) / len(self)


def tokenize(
    tokenizer: Tokenizer, examples: Examples, max_length: int, report: Callable[[int], None]
) -> tuple[Tokens, int]:
    """Tokens of at most `max_length` a row, and how many rows had to be cut; `report` is called with the rows done so far.

    Cutting is left to `truncate`: the library's own keeps every pairing of what it cuts from two texts, so that a single
    pair of 5,000 words each exhausts the memory.
    """
    inputs = examples.text_a if examples.text_b is None else list(zip(examples.text_a, examples.text_b, strict=True))
    dtype = np.uint16 if tokenizer.get_vocab_size() <= 1 << 16 else np.uint32
    ids: list[Integers] = []
    first_lengths: list[int] = []
    for first in range(0, len(inputs), CHUNK_ROWS):
        for encoding in tokenizer.encode_batch_fast(inputs[first : first + CHUNK_ROWS]):
            ids.append(np.array(encoding.ids, dtype))
            first_lengths.append(encoding.type_ids.count(0))
        report(len(ids))
    uncut = Tokens(np.concatenate(ids), offsets_of([len(row) for row in ids]), np.array(first_lengths), examples.labels)
    tokens = truncate(uncut, max_length)
    fitting = replace(tokens, first_lengths=tokens.first_lengths.astype(np.uint16))
    return fitting, int((uncut.lengths > max_length).sum())


def truncate(tokens: Tokens, max_length: int) -> Tokens:
    """The same rows with at most `max_length` tokens each; both [SEP]s stay.

    Pairs lose from the longer text until both are equally long, then from both: the rule `longest_first` of the tokenizers
    library (utils/truncation.rs), but for one token between A and B where rows were cut before.
    """
    lengths = tokens.lengths
    if len(tokens) == 0 or lengths.max() <= max_length:
        return tokens
    first: Integers = tokens.first_lengths.astype(np.int64)
    second: Integers = lengths - first
    special = np.where(second > 0, 3, 2)
    kept_first, kept_second = _longest_first(first - 2, np.maximum(second - 1, 0), max_length - special)
    kept_first += 2
    kept_second += special - 2
    position = np.arange(len(tokens.input_ids)) - np.repeat(tokens.offsets[:-1], lengths)
    row = np.repeat(np.arange(len(tokens)), lengths)
    in_first = position < first[row]
    place = np.where(in_first, position, position - first[row])
    kept = np.where(in_first, kept_first[row], kept_second[row])
    last = np.where(in_first, first[row], second[row]) - 1
    chosen = (place < kept - 1) | (place == last)
    kept_lengths = np.bincount(row[chosen], minlength=len(tokens))
    kept_first_lengths = np.bincount(row[chosen & in_first], minlength=len(tokens))
    return Tokens(
        tokens.input_ids[chosen], offsets_of(kept_lengths), kept_first_lengths.astype(np.uint16), tokens.labels
    )


def concatenate(parts: Sequence[Tokens]) -> Tokens:
    """The rows of all parts, in their order; at least one part."""
    return Tokens(
        np.concatenate([part.input_ids for part in parts]),
        offsets_of(np.concatenate([part.lengths for part in parts])),
        np.concatenate([part.first_lengths for part in parts]),
        np.concatenate([part.labels for part in parts]),
    )


def take(tokens: Tokens, rows: Integers) -> Tokens:
    """These rows alone, in this order."""
    lengths = tokens.lengths[rows]
    offsets = offsets_of(lengths)
    places = np.repeat(tokens.offsets[rows] - offsets[:-1], lengths) + np.arange(offsets[-1])
    return Tokens(tokens.input_ids[places], offsets, tokens.first_lengths[rows], tokens.labels[rows])


def save_tokens(path: Path, tokens: Tokens) -> None:
    arrays = {
        "input_ids": tokens.input_ids,
        "offsets": tokens.offsets,
        "first_lengths": tokens.first_lengths,
        "labels": tokens.labels,
    }
    artifacts.write_atomically(path, lambda target: save_file(arrays, target))


def load_tokens(path: Path, max_length: int | None = None) -> Tokens:
    """Read what `save_tokens` wrote, cut to `max_length`. Raises InfrastructureError for a missing or damaged file."""
    try:
        tokens = Tokens(**load_file(path))
    except (OSError, SafetensorError, TypeError) as error:
        raise InfrastructureError(f"cannot read {path} ({error}): remove {path.parent} and run again") from error
    return tokens if max_length is None else truncate(tokens, max_length)


def offsets_of(lengths: Sequence[int] | Integers) -> NDArray[np.int64]:
    """Where parts of these lengths begin, laid end to end, and where the last one ends: int64 [parts + 1]."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _longest_first(first: Integers, second: Integers, limit: Integers) -> tuple[Integers, Integers]:
    """How many of two texts' tokens stay when `limit` may stay in all."""
    shorter, longer = np.minimum(first, second), np.maximum(first, second)
    longer = np.minimum(longer, np.maximum(limit - shorter, (limit + 1) // 2))
    shorter = np.minimum(shorter, limit - longer)
    return np.where(first <= second, shorter, longer), np.where(first <= second, longer, shorter)
