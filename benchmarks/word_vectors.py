"""Word vectors read and nearest words found by Huawei's published `data_augmentation.py`, unchanged, and by this project, on request.

Runs in the environment of the engine torch (`test_neighbours.py` starts it) as `python -m benchmarks.word_vectors CODE FOLDER ROWS
DIMENSION WORDS`. CODE is the folder `TinyBERT` of https://github.com/huawei-noah/Pretrained-Language-Model. Each line on stdin names a
task and is answered with its seconds on stdout. `np.Inf`, gone from NumPy 2, is given back to the script.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.published_distillation import replace_missing_modules
from tinybert.augmentation.glove import glove_vectors
from tinybert.augmentation.neighbours import neighbours
from tinybert.augmentation.vectors import Vectors

COUNT = 15
BODIES = 1000  # lines that differ in their numbers


def main(code: str, folder: str, rows: int, dimension: int, words: int) -> None:
    published = _published_script(code)
    path = Path(folder) / "vectors.txt"
    tables = (Path(folder) / f"table-{number}" for number in itertools.count())
    values = np.random.default_rng(1).standard_normal((rows, dimension))
    _write(path, rows, values[:BODIES])
    vectors = Vectors([f"w{row}" for row in range(rows)], _unit(values).astype(np.float32), "glove", {})
    augmentor = published.DataAugmentor(
        None, None, _unit(values), vectors.rows, dict(enumerate(vectors.words)), M=COUNT, N=0, p=0.0
    )
    asked = [vectors.words[row] for row in np.random.default_rng(2).choice(rows, words, replace=False)]
    in_turn = itertools.cycle(asked)
    expected = {word: tuple(augmentor._word_distance(word)) for word in asked[:COUNT]}
    assert {word: neighbours(vectors, asked, COUNT)[word] for word in expected} == expected
    tasks: dict[str, Callable[[], Any]] = {
        "published-word": lambda: augmentor._word_distance(next(in_turn)),
        "words": lambda: neighbours(vectors, asked, COUNT),
        "published-read": lambda: published.prepare_embedding_retrieval(str(path), rows),
        "read": lambda: glove_vectors(path, rows, next(tables)),
    }
    for line in sys.stdin:
        print(_seconds(tasks[line.strip()]), flush=True)


def _published_script(code: str) -> Any:
    replace_missing_modules()
    sys.path.insert(0, code)
    if not hasattr(np, "Inf"):
        np.Inf = np.inf  # type: ignore[attr-defined]
    import data_augmentation  # type: ignore[import-not-found]

    return data_augmentation


def _write(path: Path, rows: int, values: np.ndarray) -> None:
    """As GloVe writes them: five significant digits, most of them between -1 and 1."""
    bodies = [" ".join(f"{0.4 * value:.5g}" for value in row) for row in values.tolist()]
    lines: Iterator[str] = (f"w{row} {bodies[row % BODIES]}\n" for row in range(rows))
    with path.open("w", encoding="utf-8") as file:
        file.writelines(lines)


def _unit(values: np.ndarray) -> np.ndarray:
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def _seconds(task: Callable[[], Any]) -> float:
    started_s = time.perf_counter()
    task()
    return time.perf_counter() - started_s


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
