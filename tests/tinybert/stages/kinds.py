"""Tiny tasks of the other kinds: three labels on pairs with two dev sets and test sets, and a regression."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.tinybert.tasks import raw_task
from tests.tinybert.tiny import BAD, GOOD, NEUTRAL

LABELS = ["contradiction", "entailment", "neutral"]
ROWS = {"train": 60, "dev_matched": 24, "dev_mismatched": 21, "dev": 30, "test": 10, "AX": 6}
TEXTS = {"text_a": "premise", "text_b": "hypothesis"}


def unlabelled(file: str = "test.tsv") -> dict[str, Any]:
    return TEXTS | {"file": file, "header": True, "id": "index"}


INFERENCE = raw_task(
    name="inference",
    labels=LABELS,
    metrics=["accuracy", "mcc"],
    columns=TEXTS | {"label": "gold"},
    dev={"matched": "dev_matched.tsv", "mismatched": "dev_mismatched.tsv"},
    test={"inference-m": unlabelled(), "AX": unlabelled("AX.tsv"), "absent": unlabelled("absent.tsv")},
)
SIMILARITY = raw_task(
    name="similarity",
    labels=["score"],
    scores={"low": 0, "high": 5},
    metrics=["corr", "pearson", "spearman"],
    columns=TEXTS | {"label": "gold"},
    test={"similarity": unlabelled()},
)


def write_inference(directory: Path) -> None:
    """The second text says it: a good word entails, a bad one contradicts, none is neutral."""
    for name in ("train", "dev_matched", "dev_mismatched", "test", "AX"):
        _write(directory, name, _inferences(ROWS[name], seed=len(name)))


def write_similarity(directory: Path) -> None:
    """A score is 1.25 for each good word among the second text's four."""
    for name in ("train", "dev", "test"):
        _write(directory, name, _similarities(ROWS[name], seed=len(name)))


def _inferences(count: int, seed: int) -> Iterator[tuple[str, str, str]]:
    rng = np.random.default_rng(seed)
    for row in range(count):
        label = LABELS[row % 3]
        telling = {"contradiction": BAD, "entailment": GOOD, "neutral": NEUTRAL}[label]
        words = [*rng.choice(NEUTRAL, rng.integers(1, 4)), *rng.choice(telling, 2)]
        yield " ".join(rng.choice(NEUTRAL, 3)), " ".join(rng.permutation(words)), label


def _similarities(count: int, seed: int) -> Iterator[tuple[str, str, str]]:
    rng = np.random.default_rng(seed)
    for row in range(count):
        good = row % 5
        words = [*rng.choice(GOOD, good), *rng.choice(BAD, 4 - good), *rng.choice(NEUTRAL, rng.integers(0, 3))]
        yield " ".join(rng.choice(NEUTRAL, 3)), " ".join(rng.permutation(words)), f"{1.25 * good:.3f}"


def _write(directory: Path, name: str, rows: Iterator[tuple[str, str, str]]) -> None:
    """A file with labels, or for a test set one with ids from 100 on."""
    directory.mkdir(parents=True, exist_ok=True)
    if name in ("test", "AX"):
        lines = ["index\tpremise\thypothesis", *(f"{100 + row}\t{a}\t{b}" for row, (a, b, _) in enumerate(rows))]
    else:
        lines = ["premise\thypothesis\tgold", *("\t".join(row) for row in rows)]
    (directory / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
