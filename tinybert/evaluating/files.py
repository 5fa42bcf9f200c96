"""The files that the stage evaluate leaves: every prediction row by row, and submissions as GLUE's server reads them."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinybert import artifacts
from tinybert.evaluating.dev_set import ROLES, DevSet
from tinybert.evaluation import save
from tinybert.spec import Task

SUBMISSIONS = {"student": "submission", "teacher": "submission-teacher"}
"""Role -> folder."""


def read_rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def text_of(row: dict[str, Any]) -> str:
    """Of a pair both texts, with a bar between them."""
    return str(row["text_a"]) if row["text_b"] is None else f"{row['text_a']} | {row['text_b']}"


def write_predictions(out: Path, stem: str, dev: DevSet, task: Task) -> dict[str, str]:
    """`STEM.csv` with what was predicted and `STEM.safetensors` with the logits; their names as artifacts."""
    arrays = {"labels": dev.labels} | {f"{role}_logits": dev.logits[role] for role in ROLES}
    save(out / f"{stem}.safetensors", arrays)
    columns = [_named(each, task) for each in (dev.labels, *(dev.answers[role] for role in ROLES))]

    def write(path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["row", "label", *ROLES, "text"])
            writer.writerows(zip(range(len(dev.labels)), *columns, dev.texts, strict=True))

    artifacts.write_atomically(out / f"{stem}.csv", write)
    return {stem: f"{stem}.csv", stem.replace("predictions", "logits", 1): f"{stem}.safetensors"}


def write_submission(path: Path, ids: Sequence[str], logits: np.ndarray, task: Task) -> None:
    """A header, then each row's id and its prediction: the label, or the score within the task's range with three decimals."""
    if task.scores is None:
        predictions = _named(logits.argmax(axis=1), task)
    else:
        scores = np.clip(logits[:, 0], task.scores.low, task.scores.high)
        predictions = [f"{score:.3f}" for score in scores]
    lines = ["index\tprediction", *(f"{name}\t{told}" for name, told in zip(ids, predictions, strict=True))]
    text = "\n".join(lines) + "\n"
    artifacts.write_atomically(path, lambda target: _write(target, text))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _named(answers: np.ndarray, task: Task) -> list[str]:
    """Labels as the task's files have them; scores in as few digits as tell float32s apart."""
    if task.is_regression:
        return [str(score) for score in answers.astype(np.float32)]
    return [task.labels[answer] for answer in answers]
