"""Word vectors read and nearest words found by Huawei's published `data_augmentation.py`, unchanged, and by this project, on request.

Runs in the environment of the engine torch (`test_neighbours.py` starts it) as `python -m benchmarks.word_vectors CODE FOLDER ROWS
DIMENSION FILE TOKENIZER`. CODE is the folder `TinyBERT` of https://github.com/huawei-noah/Pretrained-Language-Model. FILE holds a header
and `sentence<TAB>label` rows, whose words of several pieces are asked for. It prints a JSON object, how many words those are and how often
they occur, once it is ready; then each line on stdin names a task and is answered with its seconds. `np.Inf`, gone from NumPy 2, is given
back to the script. The vectors are random: the time does not depend on them.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.published_distillation import replace_missing_modules
from tinybert.augmentation.glove import glove_vectors
from tinybert.augmentation.neighbours import neighbours
from tinybert.augmentation.vectors import Vectors
from tinybert.augmentation.words import Words, eligible
from tinybert.data.tokenizer import load_tokenizer

COUNT = 15
BODIES = 1000  # lines that differ in their numbers


def main(code: str, folder: str, rows: int, dimension: int, file: str, tokenizer: str) -> None:
    published = _published_script(code)
    occurrences = _words_of_several_pieces(Path(file), Words(load_tokenizer(Path(tokenizer))))
    path = Path(folder) / "vectors.txt"
    tables = (Path(folder) / f"table-{number}" for number in itertools.count())
    values = np.random.default_rng(1).standard_normal((rows, dimension))
    _write(path, rows, values[:BODIES])
    others = (f"w{row}" for row in range(rows - len(occurrences)))
    vectors = Vectors([*occurrences, *others], _unit(values).astype(np.float32), "glove", {})
    augmentor = published.DataAugmentor(
        None, None, _unit(values), vectors.rows, dict(enumerate(vectors.words)), M=COUNT, N=0, p=0.0
    )
    asked = list(occurrences)
    in_turn = itertools.cycle(asked)
    expected = {word: tuple(augmentor._word_distance(word)) for word in asked[:COUNT]}
    found = neighbours(vectors, asked, COUNT)
    assert {word: found[word] for word in expected} == expected
    tasks: dict[str, Callable[[], Any]] = {
        "published-word": lambda: augmentor._word_distance(next(in_turn)),
        "words": lambda: neighbours(vectors, asked, COUNT),
        "published-read": lambda: published.prepare_embedding_retrieval(str(path), rows),
        "read": lambda: glove_vectors(path, rows, next(tables)),
    }
    print(json.dumps({"words": len(occurrences), "occurrences": occurrences.total()}), flush=True)
    for line in sys.stdin:
        print(_seconds(tasks[line.strip()]), flush=True)


def _words_of_several_pieces(file: Path, words: Words) -> Counter[str]:
    """Those that may be replaced, and how often each occurs."""
    lines = file.read_text(encoding="utf-8").splitlines()[1:]
    found = Counter(word for line in lines for word in words.split(line.split("\t")[0]) if eligible(word))
    return Counter({word: count for word, count in found.items() if len(words.pieces(word)) > 1})


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
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), *sys.argv[5:])
