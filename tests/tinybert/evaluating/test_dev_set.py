"""What is told of a dev set, on rows few enough to count by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tests.tinybert.tasks import make_task
from tinybert.evaluating.dev_set import SHOWN_ERRORS, DevSet, by_label, by_length, counts, facts

TASK = make_task(labels=["no", "yes", "maybe"], metrics=["accuracy", "mcc"])
SCORED = make_task(labels=["score"], scores={"low": 0, "high": 5}, metrics=["corr", "pearson", "spearman"])
LABELS = np.array([0, 0, 0, 1, 1, 1, 2, 2], np.int32)
TEACHER = np.array([0, 0, 1, 1, 1, 1, 2, 0])
STUDENT = np.array([0, 1, 1, 1, 0, 1, 0, 2])
LENGTHS = np.array([5, 5, 5, 5, 8, 9, 9, 12])
KEYS = {
    "name", "rows", "scores", "by_length", "counts", "confusion", "agreement", "calibration", "by_label", "wrong",
}  # fmt: skip


@pytest.fixture
def dev() -> DevSet:
    logits = {"teacher": 3 * np.eye(3, dtype=np.float32)[TEACHER], "student": 3 * np.eye(3, dtype=np.float32)[STUDENT]}
    return DevSet("matched", LABELS, LENGTHS, [f"text {row}" for row in range(8)], logits)


@pytest.fixture
def scored() -> DevSet:
    gold = np.array([0, 1, 2, 3, 4, 5], np.float32)
    logits = {
        "teacher": np.array([0.5, 1, 2.5, 3, 4, 4.5], np.float32)[:, None],
        "student": np.array([3, 1, 2, 2.5, 4, 3], np.float32)[:, None],
    }
    return DevSet("dev", gold, np.array([4, 6, 6, 7, 8, 9]), [f"text {row}" for row in range(6)], logits)


def test_counts(dev: DevSet) -> None:
    assert counts(dev) == {
        "rows": 8, "teacher": 6, "student": 4, "both": 3, "only_teacher": 3, "only_student": 1, "neither": 1,
    }  # fmt: skip


def test_all_that_is_told(dev: DevSet) -> None:
    told = facts(dev, TASK, seed=1)
    assert told.keys() == KEYS
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert (told["name"], told["rows"], told["agreement"]) == ("matched", 8, 4 / 8)
    assert told["confusion"] == {
        "teacher": [[2, 1, 0], [0, 3, 0], [1, 0, 1]],
        "student": [[1, 2, 0], [1, 2, 0], [1, 0, 1]],
    }
    assert told["scores"]["teacher"]["accuracy"]["value"] == 6 / 8
    assert told["scores"]["change"]["accuracy"]["value"] == -2 / 8
    assert told["scores"].keys() == {"teacher", "student", "change"}
    assert {tuple(each) for each in told["scores"].values()} == {("accuracy", "mcc")}
    assert told["calibration"].keys() == {"teacher", "student"}


def test_wrong_rows_are_those_of_the_student_alone(dev: DevSet) -> None:
    assert facts(dev, TASK, seed=1)["wrong"] == [
        {"row": 1, "text": "text 1", "label": "no", "teacher": "no", "student": "yes"},
        {"row": 4, "text": "text 4", "label": "yes", "teacher": "yes", "student": "no"},
        {"row": 6, "text": "text 6", "label": "maybe", "teacher": "maybe", "student": "no"},
    ]


def test_not_all_wrong_rows_are_told() -> None:
    rows = 3 * SHOWN_ERRORS
    logits = {"teacher": np.tile([1, 0, 0], (rows, 1)), "student": np.tile([0, 1, 0], (rows, 1))}
    dev = DevSet("dev", np.zeros(rows, np.int32), np.ones(rows, np.int64), [""] * rows, logits)
    assert [each["row"] for each in facts(dev, TASK, seed=1)["wrong"]] == list(range(SHOWN_ERRORS))


def test_recall_of_each_label(dev: DevSet) -> None:
    assert by_label(dev, TASK.labels) == [
        {"label": "no", "rows": 3, "teacher": 2 / 3, "student": 1 / 3},
        {"label": "yes", "rows": 3, "teacher": 1, "student": 2 / 3},
        {"label": "maybe", "rows": 2, "teacher": 0.5, "student": 0.5},
    ]
    without = replace(dev, labels=np.minimum(LABELS, 1))
    assert by_label(without, TASK.labels)[2] == {"label": "maybe", "rows": 0, "teacher": None, "student": None}


def test_quarters_by_length_keep_equal_lengths_together(dev: DevSet) -> None:
    """Half of the rows are of 5 tokens, so that two quarters are one."""
    assert by_length(dev, "accuracy") == [
        {"low": 5, "high": 5, "rows": 4, "teacher": 3 / 4, "student": 2 / 4},
        {"low": 8, "high": 9, "rows": 3, "teacher": 1, "student": 1 / 3},
        {"low": 12, "high": 12, "rows": 1, "teacher": 0, "student": 1},
    ]


def test_quarters_of_different_lengths_are_alike() -> None:
    rows = 41
    logits = {role: np.tile([1, 0, 0], (rows, 1)) for role in ("teacher", "student")}
    lengths = np.random.default_rng(0).permutation(rows) + 3
    parts = by_length(DevSet("dev", np.zeros(rows, np.int32), lengths, [""] * rows, logits), "accuracy")
    assert sum(part["rows"] for part in parts) == rows
    assert {part["rows"] for part in parts} <= {10, 11}
    assert [parts[0]["low"], parts[-1]["high"]] == [3, rows + 2]
    assert all(before["high"] < after["low"] for before, after in pairwise(parts))


def test_where_a_metric_is_undefined_there_is_none(dev: DevSet) -> None:
    assert by_length(dev, "mcc")[2] == {"low": 12, "high": 12, "rows": 1, "teacher": None, "student": None}


def test_a_regression(scored: DevSet) -> None:
    told = facts(scored, SCORED, seed=1)
    assert told.keys() == KEYS
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    absent = ("counts", "confusion", "agreement", "calibration", "by_label")
    assert [told[name] for name in absent] == [None] * 5
    assert told["scores"]["teacher"]["pearson"]["value"] > told["scores"]["student"]["pearson"]["value"]
    assert told["wrong"][:3] == [
        {"row": 0, "text": "text 0", "label": 0, "teacher": 0.5, "student": 3},
        {"row": 5, "text": "text 5", "label": 5, "teacher": 4.5, "student": 3},
        {"row": 3, "text": "text 3", "label": 3, "teacher": 3, "student": 2.5},
    ]
    assert [part["rows"] for part in told["by_length"]] == [3, 2, 1]
    assert told["by_length"][-1] == {"low": 9, "high": 9, "rows": 1, "teacher": None, "student": None}
