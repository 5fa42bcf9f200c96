"""Each objective against its formula, written with loops over batch, heads and positions."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np
import pytest

from tests.tinybert.tiny import STUDENT, TEACHER, batch_of, padded
from tinybert import engine as E
from tinybert.data.batches import Batch
from tinybert.model.bert import MASKED_SCORE, Bert, Features, Output
from tinybert.model.config import BertConfig
from tinybert.model.weights import random_weights
from tinybert.training.losses import (
    OBJECTIVES,
    Masks,
    attention_loss,
    hidden_loss,
    label_loss,
    layer_losses,
    prediction_loss,
    soft_loss,
)

EACH_ONCE = {"embedding": 1, "hidden": 1, "attention": 1, "prediction": 1}
LENGTHS = [5, 2, 7]
L = 8


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


def on_engine(function: object, *arrays: np.ndarray, batch: Batch | None = None, objective: str = "") -> float:
    tensors = [E.tensor(array, "cpu") for array in arrays]
    rest = [] if batch is None else [Masks.of(batch, "cpu")]
    first = [objective] if objective else []
    return float(E.to_numpy(function(*first, *tensors, *rest)))  # type: ignore[operator]


def softmax(scores: np.ndarray) -> np.ndarray:
    exponentials = np.exp(scores.astype(np.float64) - scores.max(axis=-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=-1, keepdims=True))


@pytest.fixture(scope="module")
def batch() -> Batch:
    return batch_of(LENGTHS, L)


def test_hidden_masked(batch: Batch) -> None:
    student, teacher = normal(3, L, 6), normal(3, L, 6, seed=1)
    squares = [
        (student[row, position, column] - teacher[row, position, column]) ** 2
        for row, length in enumerate(LENGTHS)
        for position in range(length)
        for column in range(6)
    ]
    found = on_engine(hidden_loss, student, teacher, batch=batch, objective="masked-scores")
    assert found == pytest.approx(np.mean(squares), rel=1e-5)


@pytest.mark.parametrize("objective", ["padded-scores", "probabilities"])
def test_hidden_of_the_published_codes_counts_padding(batch: Batch, objective: str) -> None:
    student, teacher = normal(3, L, 6), normal(3, L, 6, seed=1)
    found = on_engine(hidden_loss, student, teacher, batch=batch, objective=objective)
    assert found == pytest.approx(np.mean((student - teacher) ** 2), rel=1e-5)


def test_attention_masked(batch: Batch) -> None:
    student, teacher = normal(3, 4, L, L), normal(3, 4, L, L, seed=1)
    squares = [
        (student[row, head, query, key] - teacher[row, head, query, key]) ** 2
        for row, length in enumerate(LENGTHS)
        for head, query, key in product(range(4), range(length), range(length))
    ]
    found = on_engine(attention_loss, student, teacher, batch=batch, objective="masked-scores")
    assert found == pytest.approx(np.mean(squares), rel=1e-5)


def test_attention_padded_is_huaweis(batch: Batch) -> None:
    """task_distill.py: the mask is added to the scores; what is <= -1e2 becomes 0 on both sides; mean over everything."""
    student, teacher = normal(3, 4, L, L), normal(3, 4, L, L, seed=1)
    mask = (1.0 - batch.attention_mask[:, None, None, :]) * -10000.0
    zeroed = [np.where(scores + mask <= -1e2, 0.0, scores + mask) for scores in (student, teacher)]
    found = on_engine(attention_loss, student, teacher, batch=batch, objective="padded-scores")
    assert found == pytest.approx(np.mean((zeroed[0] - zeroed[1]) ** 2), rel=1e-5)


def test_attention_probabilities_are_the_seeds(batch: Batch) -> None:
    student, teacher = normal(3, 4, L, L), normal(3, 4, L, L, seed=1)
    mask = (1.0 - batch.attention_mask[:, None, None, :]) * MASKED_SCORE
    expected = np.mean((softmax(student + mask) - softmax(teacher + mask)) ** 2)
    found = on_engine(attention_loss, student, teacher, batch=batch, objective="probabilities")
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_other_head_counts_compare_the_means_over_the_heads(batch: Batch, objective: str) -> None:
    student, teacher = normal(3, 4, L, L), normal(3, 6, L, L)
    means = student.mean(axis=1, keepdims=True), teacher.mean(axis=1, keepdims=True)
    found = on_engine(attention_loss, student, teacher, batch=batch, objective=objective)
    assert found == pytest.approx(on_engine(attention_loss, *means, batch=batch, objective=objective), rel=1e-5)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_soft_loss_is_the_mean_over_rows_and_classes(temperature: float) -> None:
    student, teacher = normal(5, 3), normal(5, 3, seed=1)
    targets, predicted = softmax(teacher / temperature), softmax(student / temperature)
    total = sum(-targets[row, label] * np.log(predicted[row, label]) for row in range(5) for label in range(3))
    tensors = E.tensor(student, "cpu"), E.tensor(teacher, "cpu")
    assert float(E.to_numpy(soft_loss(*tensors, temperature))) == pytest.approx(total / 15, rel=1e-5)


def test_soft_loss_by_hand() -> None:
    """Teacher undecided, student 3 to 1: -(ln 3/4 + ln 1/4) / 2, and half of it for the mean over two classes."""
    student, teacher = np.log(np.array([[3, 1]], np.float32)), np.zeros((1, 2), np.float32)
    found = on_engine(lambda s, t: soft_loss(s, t, 1), student, teacher)
    assert found == pytest.approx(-(np.log(3 / 4) + np.log(1 / 4)) / 4, rel=1e-5)


def test_soft_loss_is_least_at_the_teachers_logits() -> None:
    teacher = normal(5, 2)
    least = on_engine(lambda s, t: soft_loss(s, t, 1.0), teacher, teacher)
    for seed in range(1, 6):
        moved = teacher + 0.3 * normal(5, 2, seed=seed)
        assert on_engine(lambda s, t: soft_loss(s, t, 1.0), moved, teacher) > least


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_soft_loss_of_scores_is_the_squared_error_to_the_teachers(temperature: float) -> None:
    student, teacher = np.array([[1.5], [4]], np.float32), np.array([[1], [2]], np.float32)
    found = on_engine(lambda s, t: soft_loss(s, t, temperature), student, teacher)
    assert found == pytest.approx((0.25 + 4) / 2, rel=1e-6)


def test_label_loss_by_hand() -> None:
    logits = np.log(np.array([[3, 1, 4], [1, 1, 2]], np.float32))
    found = on_engine(label_loss, logits, np.array([2, 0]))
    assert found == pytest.approx(-(np.log(4 / 8) + np.log(1 / 4)) / 2, rel=1e-5)


def test_label_loss_of_scores_by_hand() -> None:
    scores, gold = np.array([[1.5], [4], [0]], np.float32), np.array([1, 5, 3], np.float32)
    assert on_engine(label_loss, scores, gold) == pytest.approx((0.25 + 1 + 9) / 3, rel=1e-6)


@pytest.mark.parametrize("share", [0, 0.25, 0.9])
def test_hard_labels_have_their_share(share: float) -> None:
    """Both parts are means over rows and classes: the loss is that of a target (1 - w) softmax(z_T / t) + w onehot(y), at t = 1."""
    student, teacher, labels = normal(5, 3), normal(5, 3, seed=1), np.array([0, 2, 1, 1, 0])
    targets = (1 - share) * softmax(teacher) + share * np.eye(3)[labels]
    expected = -np.mean(targets * np.log(softmax(student)))
    found = on_engine(lambda s, t, y: prediction_loss(s, t, y, 1, share), student, teacher, labels)
    assert found == pytest.approx(expected, rel=1e-5)


def test_hard_labels_have_no_temperature() -> None:
    student, teacher, labels = normal(5, 3), normal(5, 3, seed=1), np.array([0, 2, 1, 1, 0])
    soft = on_engine(lambda s, t: soft_loss(s, t, 4.0), student, teacher)
    hard = on_engine(label_loss, student, labels) / 3
    found = on_engine(lambda s, t, y: prediction_loss(s, t, y, 4.0, 0.25), student, teacher, labels)
    assert found == pytest.approx(0.75 * soft + 0.25 * hard, rel=1e-5)


def test_gold_scores_have_their_share() -> None:
    student, teacher, gold = (np.array(each, np.float32) for each in ([[1], [2]], [[2], [2]], [4, 1]))
    found = on_engine(lambda s, t, y: prediction_loss(s, t, y, 1, 0.2), student, teacher, gold)
    assert found == pytest.approx(0.8 * (1 + 0) / 2 + 0.2 * (9 + 1) / 2, rel=1e-6)


def models() -> tuple[Bert, Bert, tuple[E.Tensor, E.Tensor]]:
    config = BertConfig(**STUDENT, vocab_size=200, max_positions=32)
    projection = E.parameter(0.02 * normal(32, 24), "cpu"), E.parameter(0.02 * normal(32), "cpu")
    return (
        Bert(config, random_weights(config, 1), "cpu"),
        Bert(TEACHER, {name: 10 * array for name, array in random_weights(TEACHER, 2).items()}, "cpu"),
        projection,
    )


def forward(student: Bert, teacher: Bert, batch: Batch) -> tuple[Output, Output]:
    with E.no_grad():
        return student.forward(batch, Features({0, 1, 2}, {0, 1})), teacher.forward(batch, Features({0, 2, 4}, {1, 3}))


def terms(objective: str, batch: Batch, weights: Mapping[str, float] = EACH_ONCE) -> dict[str, float]:
    student, teacher, projection = models()
    outputs = forward(student, teacher, batch)
    found = layer_losses(objective, *outputs, (0, 2, 4), (1, 3), projection, Masks.of(batch, "cpu"), weights)
    return {name: float(E.to_numpy(value)) for name, value in found.items()}


def test_masked_scores_do_not_see_padding(batch: Batch) -> None:
    assert terms("masked-scores", padded(batch, 6)) == pytest.approx(terms("masked-scores", batch), rel=1e-4)


@pytest.mark.parametrize("objective", ["padded-scores", "probabilities"])
def test_the_published_objectives_do(batch: Batch, objective: str) -> None:
    assert terms(objective, padded(batch, 6)) != pytest.approx(terms(objective, batch), rel=1e-2)


def test_layer_losses_are_sums_over_the_mapped_layers(batch: Batch) -> None:
    student, teacher, projection = models()
    outputs = forward(student, teacher, batch)
    hidden = [{layer: E.to_numpy(value) for layer, value in output.hidden.items()} for output in outputs]
    scores = [{layer: E.to_numpy(value) for layer, value in output.scores.items()} for output in outputs]
    weight, bias = map(E.to_numpy, projection)
    real = batch.attention_mask.astype(bool)
    pairs = real[:, :, None] & real[:, None, :]

    def hidden_error(layer: int, teacher_layer: int) -> float:
        errors = hidden[0][layer] @ weight.T + bias - hidden[1][teacher_layer]
        return float(np.mean(errors[real] ** 2))

    def attention_error(layer: int, teacher_layer: int) -> float:
        errors = (scores[0][layer] - scores[1][teacher_layer]).transpose(0, 2, 3, 1)
        return float(np.mean(errors[pairs] ** 2))

    masks = Masks.of(batch, "cpu")
    found = layer_losses("masked-scores", *outputs, (0, 2, 4), (1, 3), projection, masks, EACH_ONCE)
    assert {name: float(E.to_numpy(value)) for name, value in found.items()} == pytest.approx(
        {
            "embedding_loss": hidden_error(0, 0),
            "hidden_loss": hidden_error(1, 2) + hidden_error(2, 4),
            "attention_loss": attention_error(0, 1) + attention_error(1, 3),
        },
        rel=1e-4,
    )


def test_weights_multiply_their_terms_and_zero_leaves_one_out(batch: Batch) -> None:
    plain = terms("masked-scores", batch)
    found = terms("masked-scores", batch, {"embedding": 0, "hidden": 2.5, "attention": 1, "prediction": 7})
    assert found == {
        "hidden_loss": pytest.approx(2.5 * plain["hidden_loss"], rel=1e-6),
        "attention_loss": plain["attention_loss"],
    }
