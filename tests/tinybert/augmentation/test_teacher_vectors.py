from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.tinybert.tiny import BAD, GOOD, NEUTRAL, TEACHER, write_weights
from tinybert import artifacts
from tinybert.augmentation.neighbours import neighbours
from tinybert.augmentation.teacher_vectors import TABLE, teacher_vectors
from tinybert.data.tokenizer import load_tokenizer
from tinybert.errors import BadInputError


def test_rows_are_the_whole_words(tmp_path: Path) -> None:
    table = write_weights(tmp_path / "teacher", TEACHER)[TABLE]
    vectors = teacher_vectors(tmp_path / "teacher")
    expected = [word for word in (*GOOD, *BAD, *NEUTRAL) if len(word) >= 3]
    assert vectors.words == expected
    tokenizer = load_tokenizer(tmp_path / "teacher")
    for word in ("superb", "all"):
        row = table[tokenizer.token_to_id(word)].astype(np.float64)
        np.testing.assert_allclose(vectors.vector_of(word), row / np.linalg.norm(row), atol=1e-7)
    assert vectors.facts == {
        "kind": "teacher-embeddings", "file": "model.safetensors",
        "sha256": artifacts.sha256_file(tmp_path / "teacher" / "model.safetensors"),
        "dimension": 32, "rows": 200, "vectors": len(expected), "zeros": 0, "other_words": "mean of their pieces",
    }  # fmt: skip


def test_other_words_are_the_mean_of_their_pieces(tmp_path: Path) -> None:
    table = write_weights(tmp_path / "teacher", TEACHER)[TABLE]
    vectors = teacher_vectors(tmp_path / "teacher")
    tokenizer = load_tokenizer(tmp_path / "teacher")
    mean = table[[tokenizer.token_to_id(piece) for piece in ("film", "##s")]].astype(np.float64).mean(axis=0)
    found = vectors.vector_of("films")
    np.testing.assert_allclose(found, mean / np.linalg.norm(mean), atol=1e-7)
    scores = vectors.matrix @ found
    assert neighbours(vectors, ["films"], 3)["films"] == tuple(vectors.words[row] for row in np.argsort(-scores)[:3])
    assert vectors.vector_of("日本") is None  # [UNK]
    assert neighbours(vectors, ["日本", "##s", "[MASK]"], 3).keys() <= {"##s", "[MASK]"}


def test_no_whole_words_and_too_many_pieces(tmp_path: Path) -> None:
    write_weights(tmp_path / "teacher", TEACHER)
    vocabulary = tmp_path / "teacher" / "vocab.txt"
    text = vocabulary.read_text(encoding="utf-8")
    vocabulary.write_text(text + "more\n", encoding="utf-8")
    with pytest.raises(BadInputError, match="more pieces than the model, 200"):
        teacher_vectors(tmp_path / "teacher")
    special = "".join(f"{line}\n" for line in text.splitlines() if line.startswith(("[", "##")))
    vocabulary.write_text(special, encoding="utf-8")
    with pytest.raises(BadInputError, match="no piece of its vocabulary is a whole word"):
        teacher_vectors(tmp_path / "teacher")


def test_a_word_without_direction_is_left_out(tmp_path: Path) -> None:
    directory = tmp_path / "teacher"
    write_weights(directory, replace(TEACHER, initializer_range=0.0))
    with pytest.raises(BadInputError, match="whole word"):
        teacher_vectors(directory)
