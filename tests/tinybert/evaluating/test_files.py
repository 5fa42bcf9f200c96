from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from tests.tinybert.tasks import make_task
from tinybert.evaluating.dev_set import DevSet
from tinybert.evaluating.files import text_of, write_predictions, write_submission

TASK = make_task(labels=["contradiction", "entailment", "neutral"])
SCORED = make_task(labels=["score"], scores={"low": 0, "high": 5}, metrics=["corr"])


def logits_of(classes: list[int]) -> np.ndarray:
    return np.eye(3, dtype=np.float32)[classes]


def test_a_submission_of_labels(tmp_path: Path) -> None:
    path = tmp_path / "submission" / "MNLI-m.tsv"
    write_submission(path, ["0", "1", "7"], logits_of([2, 0, 1]), TASK)
    assert path.read_bytes() == b"index\tprediction\n0\tneutral\n1\tcontradiction\n7\tentailment\n"
    assert [each.name for each in path.parent.iterdir()] == ["MNLI-m.tsv"]


def test_a_submission_of_scores_stays_in_the_range(tmp_path: Path) -> None:
    path = tmp_path / "STS-B.tsv"
    write_submission(path, ["0", "1", "2"], np.array([[-0.2], [3.14159], [5.7]], np.float32), SCORED)
    assert path.read_text() == "index\tprediction\n0\t0.000\n1\t3.142\n2\t5.000\n"


def test_predictions_of_labels(tmp_path: Path) -> None:
    logits = {"teacher": logits_of([0, 1]), "student": logits_of([2, 1])}
    texts = ['a "quoted", text', "line\nbreak | b"]
    dev = DevSet("mismatched", np.array([0, 2], np.int32), np.array([4, 5]), texts, logits)
    made = write_predictions(tmp_path, "predictions-mismatched", dev, TASK)
    assert made == {
        "predictions-mismatched": "predictions-mismatched.csv",
        "logits-mismatched": "predictions-mismatched.safetensors",
    }
    with (tmp_path / "predictions-mismatched.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["row", "label", "teacher", "student", "text"],
        ["0", "contradiction", "contradiction", "neutral", texts[0]],
        ["1", "neutral", "entailment", "entailment", texts[1]],
    ]
    arrays = load_file(tmp_path / "predictions-mismatched.safetensors")
    assert arrays.keys() == {"labels", "teacher_logits", "student_logits"}
    np.testing.assert_array_equal(arrays["student_logits"], logits["student"])
    assert arrays["labels"].dtype == np.int32


def test_predictions_of_scores(tmp_path: Path) -> None:
    logits = {role: np.array([[0.1], [4.999]], np.float32) for role in ("teacher", "student")}
    dev = DevSet("dev", np.array([3.8, 5], np.float32), np.array([4, 5]), ["a", "b"], logits)
    write_predictions(tmp_path, "predictions", dev, SCORED)
    lines = (tmp_path / "predictions.csv").read_text().splitlines()
    assert lines == ["row,label,teacher,student,text", "0,3.8,0.1,0.1,a", "1,5.0,4.999,4.999,b"]
    assert load_file(tmp_path / "predictions.safetensors")["labels"].dtype == np.float32


def test_texts_of_pairs_stand_side_by_side() -> None:
    assert text_of({"row": 0, "text_a": "one", "text_b": None}) == "one"
    assert text_of({"row": 0, "text_a": "one", "text_b": "two"}) == "one | two"
