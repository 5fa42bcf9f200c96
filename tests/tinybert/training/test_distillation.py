"""The teacher's logits are computed once, and the terms of the loss are those that the options ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tinybert.tiny import OPTIONS, STUDENT, TEACHER, Project, batch_of
from tinybert import artifacts, evaluation
from tinybert import engine as E
from tinybert.data.batches import Batch, collate
from tinybert.data.tokens import Tokens, load_tokens
from tinybert.model.bert import Bert
from tinybert.model.config import BertConfig
from tinybert.model.weights import load_weights, random_weights
from tinybert.stages import distill
from tinybert.training import distillation
from tinybert.training.distillation import LOSS_NAMES, Losses, TeacherLogits, new_projection

LABELS = ("0", "1")
CONFIG = BertConfig(**STUDENT, vocab_size=200, max_positions=32)
EACH_ONCE = OPTIONS["distill"]["loss_weights"]


@pytest.fixture(scope="module")
def train(project: Project) -> Tokens:
    project.need("prepare", "teacher")
    return load_tokens(project.root / "prepare" / "train.safetensors")


@pytest.fixture(scope="module")
def teacher(project: Project, train: Tokens) -> Bert:
    config, weights, _ = load_weights(project.root / "teacher" / "model", LABELS, 0)
    return Bert(config, weights, "cpu")


def forward(model: Bert, batch: Batch) -> np.ndarray:
    with E.no_grad():
        return E.to_numpy(model.forward(batch).logits)


def test_teacher_logits_are_those_of_its_forward_pass(tmp_path: Path, teacher: Bert, train: Tokens) -> None:
    logits = TeacherLogits(teacher, train, np.arange(len(train)), tmp_path / "logits")
    for rows in ([5, 63, 0, 17], [17], [5, 6]):
        batch = collate(train, np.array(rows), 16)
        np.testing.assert_allclose(logits.of(batch), forward(teacher, batch), atol=1e-5)


def test_only_the_rows_that_train_are_asked_for(
    tmp_path: Path, teacher: Bert, train: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, in shards; what a killed stage left is read and not computed again."""
    asked: list[list[int]] = []
    real = evaluation.predict

    def watch(model: Bert, tokens: Tokens, rows: np.ndarray, *rest: Any) -> np.ndarray:
        asked.append(rows.tolist())
        return real(model, tokens, rows, *rest)

    monkeypatch.setattr(evaluation, "predict", watch)
    monkeypatch.setattr(evaluation, "SHARD_ROWS", 4)
    rows, batch = np.arange(1, 20, 2), collate(train, np.array([19, 3]), None)
    first = TeacherLogits(teacher, train, rows, tmp_path / "logits")
    kept = first.of(batch)
    np.testing.assert_array_equal(first.of(batch), kept)
    assert asked == [[1, 3, 5, 7], [9, 11, 13, 15], [17, 19]]
    artifacts.remove(tmp_path / "logits" / "00002.safetensors")
    resumed = TeacherLogits(teacher, train, rows, tmp_path / "logits")
    np.testing.assert_array_equal(resumed.of(batch), kept)
    assert asked[3:] == [[17, 19]]


class Forgetful(TeacherLogits):
    """Computes all of them anew for every step."""

    def of(self, batch: Batch) -> np.ndarray:
        self._logits = None
        artifacts.remove(self._directory)
        return super().of(batch)


class Uncached(TeacherLogits):
    """The teacher's forward pass in every step."""

    def of(self, batch: Batch) -> np.ndarray:
        return forward(self._teacher, batch)


def test_keeping_the_logits_changes_nothing(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project.need("prepare", "teacher")
    kept = project.run("distill", tmp_path / "kept")
    monkeypatch.setattr(distill, "TeacherLogits", Forgetful)
    forgotten = project.run("distill", tmp_path / "forgotten")
    assert (forgotten["artifacts"], forgotten["series"]) == (kept["artifacts"], kept["series"])


def test_they_are_those_of_each_step_but_for_rounding(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row's logits hang on its neighbours and their padding in the last bits alone."""
    project.need("prepare", "teacher")
    kept = project.run("distill", tmp_path / "kept")
    monkeypatch.setattr(distill, "TeacherLogits", Uncached)
    found = project.run("distill", tmp_path / "uncached")
    assert found["series"]["train"]["rows"][-1][3] == pytest.approx(kept["series"]["train"]["rows"][-1][3], rel=1e-3)
    dev = load_tokens(project.root / "prepare" / "dev.safetensors")
    logits = []
    for name in ("kept", "uncached"):
        config, weights, _ = load_weights(tmp_path / name / "model", LABELS, 0)
        logits.append(evaluation.predict(Bert(config, weights, "cpu"), dev, np.arange(len(dev)), 32))
    np.testing.assert_allclose(*logits, atol=1e-3)


def losses(teacher: Bert, student: Bert, changes: Mapping[str, Any]) -> Losses:
    projection = new_projection(CONFIG, TEACHER, 1, "cpu")
    return Losses(OPTIONS["distill"] | changes, teacher, student, projection, (0, 2, 4))


def undropped(config: BertConfig) -> BertConfig:
    return replace(config, hidden_dropout=0.0, attention_dropout=0.0)


def values(terms: Mapping[str, E.Tensor]) -> dict[str, float]:
    return {name: float(E.to_numpy(term)) for name, term in terms.items()}


@pytest.fixture(scope="module")
def student() -> Bert:
    config = undropped(CONFIG)
    return Bert(config, random_weights(config, 1), "cpu")


def test_joint_is_the_sum_of_the_two_phases(teacher: Bert, student: Bert) -> None:
    batch = batch_of([5, 9, 3], 9)
    plain = losses(teacher, student, {})
    joint = values(plain.joint(batch))
    assert tuple(joint) == LOSS_NAMES
    apart = values(plain.intermediate(batch)) | values(plain.prediction(batch, forward(teacher, batch)))
    assert joint == pytest.approx(apart, rel=1e-4)


def test_weights_and_hard_labels_reach_every_phase(teacher: Bert, student: Bert) -> None:
    batch = batch_of([5, 9, 3], 9)
    plain = values(losses(teacher, student, {}).joint(batch))
    soft, hard = plain["prediction_loss"], forward(student, batch)
    hard_loss = evaluation.score(hard, batch.labels, "accuracy")["loss"] / 2
    changed = losses(
        teacher,
        student,
        {"loss_weights": EACH_ONCE | {"hidden": 2, "attention": 0, "prediction": 3}, "hard_label_weight": 0.25},
    )
    assert values(changed.joint(batch)) == pytest.approx(
        {
            "embedding_loss": plain["embedding_loss"],
            "hidden_loss": 2 * plain["hidden_loss"],
            "prediction_loss": 3 * (0.75 * soft + 0.25 * hard_loss),
        },
        rel=1e-4,
    )


def test_without_a_prediction_weight_joint_has_no_prediction(teacher: Bert, student: Bert) -> None:
    found = losses(teacher, student, {"loss_weights": EACH_ONCE | {"prediction": 0}}).joint(batch_of([5, 9], 9))
    assert tuple(found) == LOSS_NAMES[:3]


def test_a_weight_of_one_costs_no_bits(teacher: Bert, student: Bert) -> None:
    batch = batch_of([5, 9], 9)
    terms = losses(teacher, student, {}).prediction(batch, forward(teacher, batch))
    assert terms.keys() == {"prediction_loss"}
    assert distillation.scaled(terms["prediction_loss"], 1.0) is terms["prediction_loss"]
