"""Teacher and student on the dev set: every row exactly once, predictions kept row by row."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from tinybert import artifacts
from tinybert import engine as E
from tinybert.data.tokens import load_tokens
from tinybert.evaluation import predict, score
from tinybert.model.bert import Bert
from tinybert.model.weights import load_weights
from tinybert.result import Outcome, StageContext

# So many of the rows that the student alone gets wrong stand in the result, for the report.
SHOWN_ERRORS = 20


def run(context: StageContext) -> Outcome:
    spec, out = context.spec, context.out
    dev = load_tokens(spec.inputs["prepare"] / "dev.safetensors", spec.options["max_length"])
    texts = _read_texts(spec.inputs["prepare"] / "dev.jsonl")
    logits: dict[str, np.ndarray] = {}
    for role, stage in (("teacher", "teacher"), ("student", "distill")):
        config, weights, _ = load_weights(spec.inputs[stage] / "model", spec.task.labels, spec.seed)
        E.check_ids(dev.input_ids, config.vocab_size)
        model = Bert(config, weights, spec.device)
        logits[role] = predict(model, dev, np.arange(len(dev)), spec.options["batch_size"], f"evaluate {role}")
    predictions = {role: values.argmax(axis=1) for role, values in logits.items()}
    correct = {role: predicted == dev.labels for role, predicted in predictions.items()}
    arrays = {
        "labels": dev.labels.astype(np.int32),
        "teacher_logits": logits["teacher"],
        "student_logits": logits["student"],
    }
    artifacts.write_atomically(out / "predictions.safetensors", lambda path: save_file(arrays, path))
    artifacts.write_atomically(out / "predictions.csv", lambda path: _write_csv(path, dev.labels, predictions, texts))
    teacher, student = correct["teacher"], correct["student"]
    return Outcome(
        metrics={
            "rows": len(dev),
            "teacher_accuracy": score(logits["teacher"], dev.labels)["accuracy"],
            "student_accuracy": score(logits["student"], dev.labels)["accuracy"],
            "teacher_correct": int(teacher.sum()),
            "student_correct": int(student.sum()),
            "both_correct": int((teacher & student).sum()),
            "only_teacher_correct": int((teacher & ~student).sum()),
            "only_student_correct": int((student & ~teacher).sum()),
            "neither_correct": int((~teacher & ~student).sum()),
        },
        artifacts={"predictions": "predictions.csv", "logits": "predictions.safetensors"},
        details={
            "confusion": {
                role: _confusion(dev.labels, values, len(spec.task.labels)) for role, values in predictions.items()
            },
            "wrong": _wrong(teacher & ~student, dev.labels, predictions, texts, spec.task.labels),
        },
    )


def _confusion(labels: np.ndarray, predicted: np.ndarray, count: int) -> list[list[int]]:
    """[label][prediction] counts."""
    table = np.zeros((count, count), np.int64)
    np.add.at(table, (labels, predicted), 1)
    return [[int(cell) for cell in row] for row in table]


def _wrong(
    chosen: np.ndarray, labels: np.ndarray, predictions: dict[str, np.ndarray], texts: list[str], names: tuple[str, ...]
) -> list[dict[str, Any]]:
    return [
        {
            "row": int(row),
            "text": texts[row],
            "label": names[labels[row]],
            "teacher": names[predictions["teacher"][row]],
            "student": names[predictions["student"][row]],
        }
        for row in np.flatnonzero(chosen)[:SHOWN_ERRORS]
    ]


def _read_texts(path: Path) -> list[str]:
    texts = []
    with path.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            texts.append(row["text_a"] if row["text_b"] is None else f"{row['text_a']} | {row['text_b']}")
    return texts


def _write_csv(path: Path, labels: np.ndarray, predictions: dict[str, np.ndarray], texts: list[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["row", "label", "teacher", "student", "text"])
        for row, text in enumerate(texts):
            writer.writerow([row, labels[row], predictions["teacher"][row], predictions["student"][row], text])
