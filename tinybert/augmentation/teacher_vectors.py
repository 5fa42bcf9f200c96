"""A BERT's own word embeddings as word vectors: where there is no GloVe file, they are always at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinybert import artifacts
from tinybert.augmentation.vectors import Vectors
from tinybert.data.tokenizer import load_tokenizer
from tinybert.errors import BadInputError
from tinybert.model.weights import FILE, TORCH_FILE, load_weights

KIND = "teacher-embeddings"
SHORTEST = 3
TABLE = "bert.embeddings.word_embeddings.weight"


def teacher_vectors(directory: Path) -> Vectors:
    """The rows of a BERT's word embeddings whose piece is a whole word of three letters or more; no `##` pieces, special tokens, digits.

    Only words of several pieces are looked up among word vectors, and these are by definition not in the vocabulary: such a word's
    vector is the mean of its pieces' rows, `##` pieces too, brought to unit length. A word that the tokenizer does not know has
    none. facts: kind, file, its sha256, dimension, rows of the table, vectors kept, zeros, and how other words come about.

    Raises BadInputError as `load_weights` and `load_tokenizer` do, and where the vocabulary has no whole word or is larger than the table.
    """
    _, weights, _ = load_weights(directory, labels=("0", "1"), seed=0)
    table, tokenizer = weights[TABLE], load_tokenizer(directory)
    vocabulary = tokenizer.get_vocab()
    if max(vocabulary.values()) >= len(table):
        raise BadInputError(
            f"{directory}: the tokenizer has more pieces than the model, {len(table)}: get the weights anew"
        )
    whole = {piece: row for piece, row in sorted(vocabulary.items(), key=lambda item: item[1]) if _is_word(piece)}
    lengths = np.linalg.norm(table[list(whole.values())], axis=1)
    words = [word for word, length in zip(whole, lengths, strict=True) if length > 0]
    if not words:
        raise BadInputError(
            f"{directory}: no piece of its vocabulary is a whole word: give another source of word vectors"
        )
    unknown = vocabulary["[UNK]"]

    def mean_of_pieces(word: str) -> NDArray[np.float32] | None:
        pieces = tokenizer.encode(word, add_special_tokens=False).ids
        return None if not pieces or unknown in pieces else _unit(table[pieces].mean(axis=0, dtype=np.float64))

    file = directory / (FILE if (directory / FILE).is_file() else TORCH_FILE)
    facts = {
        "kind": KIND, "file": file.name, "sha256": artifacts.sha256_file(file), "dimension": table.shape[1], "rows": len(table),
        "vectors": len(words), "zeros": len(whole) - len(words), "other_words": "mean of their pieces",
    }  # fmt: skip
    matrix = table[[whole[word] for word in words]] / lengths[lengths > 0, None]
    return Vectors(words, matrix, KIND, facts, mean_of_pieces)


def _is_word(piece: str) -> bool:
    """Three letters a to z or more, of either case: shorter pieces are mostly letters and beginnings, not words to put in a place."""
    return len(piece) >= SHORTEST and piece.isascii() and piece.isalpha()


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float32] | None:
    length = np.linalg.norm(vector)
    return (vector / length).astype(np.float32) if length > 0 else None
