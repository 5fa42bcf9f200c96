"""One dev set with both models' answers, and all that the stage evaluate tells about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tinybert import metrics
from tinybert.evaluating import bootstrap
from tinybert.evaluating.calibration import calibration
from tinybert.spec import Task

ROLES = bootstrap.ROLES
# So many of the rows that the student gets wrong stand in the result, for the report.
SHOWN_ERRORS = 20
QUARTILES = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class DevSet:
    """labels: classes or scores [rows]; lengths: tokens of each row; logits: role -> float32 [rows, C], C = 1 of a regression."""

    name: str
    labels: np.ndarray
    lengths: np.ndarray
    texts: Sequence[str]
    logits: Mapping[str, np.ndarray]

    @cached_property
    def answers(self) -> dict[str, np.ndarray]:
        """Role -> predicted classes, or of a regression scores [rows]."""
        return {role: each[:, 0] if each.shape[1] == 1 else each.argmax(axis=1) for role, each in self.logits.items()}


def facts(dev: DevSet, task: Task, seed: int) -> dict[str, Any]:
    """An entry of `details.dev_sets` (docs/contract.md). Of a regression, what counts right and wrong rows is None."""
    common = {
        "name": dev.name,
        "rows": len(dev.labels),
        "scores": bootstrap.scores(task.metrics, dev.logits, dev.labels, seed),
        "by_length": by_length(dev, task.metric),
    }
    if task.is_regression:
        absent = dict.fromkeys(("counts", "confusion", "agreement", "calibration", "by_label"))
        return common | absent | {"wrong": _largest_errors(dev)}
    answers = dev.answers
    classes = len(task.labels)
    return common | {
        "counts": counts(dev),
        "confusion": {role: metrics.confusion(dev.labels, answers[role], classes).tolist() for role in ROLES},
        "agreement": float((answers["teacher"] == answers["student"]).mean()),
        "calibration": {role: calibration(dev.logits[role], dev.labels) for role in ROLES},
        "by_label": by_label(dev, task.labels),
        "wrong": _only_teacher_right(dev, task.labels),
    }


def counts(dev: DevSet) -> dict[str, int]:
    """Rows of a classification by who is right."""
    teacher, student = (dev.answers[role] == dev.labels for role in ROLES)
    named = {
        "teacher": teacher,
        "student": student,
        "both": teacher & student,
        "only_teacher": teacher & ~student,
        "only_student": student & ~teacher,
        "neither": ~teacher & ~student,
    }
    return {"rows": len(dev.labels)} | {name: int(rows.sum()) for name, rows in named.items()}


def by_length(dev: DevSet, metric: str) -> list[dict[str, Any]]:
    """The metric on the quarters of the rows by length; rows of one length stay together, so a quarter may be larger, or missing.

    `low` and `high`: the least and most tokens of its rows; the score is None where it is undefined.
    """
    edges = np.quantile(dev.lengths, QUARTILES, method="inverted_cdf")
    quarter = np.searchsorted(edges, dev.lengths, side="left")
    parts = []
    for index in np.unique(quarter):
        rows = quarter == index
        scores = {role: metrics.values((metric,), dev.logits[role][rows], dev.labels[rows])[metric] for role in ROLES}
        lengths = dev.lengths[rows]
        parts.append(
            {"low": int(lengths.min()), "high": int(lengths.max()), "rows": int(rows.sum())}
            | {role: _or_none(value) for role, value in scores.items()}
        )
    return parts


def by_label(dev: DevSet, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Recall: the share of a label's rows that a model gets right; None for a label without rows."""
    parts = []
    for index, label in enumerate(labels):
        rows = dev.labels == index
        answers = {role: dev.answers[role][rows] for role in ROLES}
        recall = {role: float((each == index).mean()) if len(each) else None for role, each in answers.items()}
        parts.append({"label": label, "rows": int(rows.sum()), **recall})
    return parts


def _only_teacher_right(dev: DevSet, labels: Sequence[str]) -> list[dict[str, Any]]:
    """The first rows that the student alone gets wrong."""
    answers = dev.answers
    wrong = (answers["teacher"] == dev.labels) & (answers["student"] != dev.labels)
    return [
        {"row": int(row), "text": dev.texts[row], "label": labels[dev.labels[row]]}
        | {role: labels[answers[role][row]] for role in ROLES}
        for row in np.flatnonzero(wrong)[:SHOWN_ERRORS]
    ]


def _largest_errors(dev: DevSet) -> list[dict[str, Any]]:
    """The rows where the student's score is farthest from the gold one, the farthest first."""
    answers = dev.answers
    order = np.argsort(-np.abs(answers["student"] - dev.labels), kind="stable")
    return [
        {"row": int(row), "text": dev.texts[row], "label": float(dev.labels[row])}
        | {role: float(answers[role][row]) for role in ROLES}
        for row in order[:SHOWN_ERRORS]
    ]


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else value
