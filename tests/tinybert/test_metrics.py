"""The metrics against hand-computed values, SciPy, scikit-learn and, with weights, against rows that stand several times."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.tinybert.tasks import make_task
from tinybert import metrics
from tinybert.errors import BadInputError

TABLE = np.array([[3, 1], [2, 4]])
CLASSIFICATION, REGRESSION = metrics.CLASSIFICATION, metrics.REGRESSION


def logits_of(predictions: np.ndarray, classes: int) -> np.ndarray:
    return np.eye(classes, dtype=np.float32)[predictions]


def of_classes(name: str, labels: list[int], predictions: list[int], classes: int = 2) -> float:
    logits = logits_of(np.array(predictions), classes)
    return metrics.values((name,), logits, np.array(labels, np.int32))[name]


def of_scores(gold: Any, predicted: Any) -> dict[str, float]:
    return metrics.values(REGRESSION, np.array(predicted, np.float32)[:, None], np.array(gold, np.float32))


@pytest.mark.parametrize(
    ("name", "value"), [("accuracy", 0.7), ("f1", 8 / 11), ("mcc", (4 * 3 - 1 * 2) / math.sqrt(5 * 6 * 4 * 5))]
)
def test_classification_by_hand(name: str, value: float) -> None:
    assert metrics.of_tables(name, TABLE) == pytest.approx(value)
    labels, predictions = np.repeat([0, 0, 1, 1], TABLE.ravel()), np.repeat([0, 1, 0, 1], TABLE.ravel())
    assert of_classes(name, labels.tolist(), predictions.tolist()) == pytest.approx(value)


def test_many_tables_at_once() -> None:
    tables = np.stack([TABLE, TABLE.T, np.diag([5, 7])])
    for name in CLASSIFICATION:
        assert metrics.of_tables(name, tables).tolist() == [float(metrics.of_tables(name, table)) for table in tables]


@pytest.mark.parametrize("predictions", [[0, 0, 0, 0], [1, 1, 1, 1]])
def test_one_class_predicted(predictions: list[int]) -> None:
    labels = [0, 0, 0, 1]
    assert math.isnan(of_classes("mcc", labels, predictions))
    assert of_classes("f1", labels, predictions) == (0 if predictions[0] == 0 else pytest.approx(0.4))


def test_f1_without_a_positive_is_undefined() -> None:
    assert math.isnan(of_classes("f1", [0, 0], [0, 0]))


def test_undefined_is_zero_where_a_number_must_stand() -> None:
    assert metrics.or_zero(math.nan) == 0
    assert metrics.or_zero(-0.5) == -0.5


def test_without_rows_all_is_undefined() -> None:
    for names, columns in ((CLASSIFICATION, 2), (REGRESSION, 1)):
        found = metrics.values(names, np.zeros((0, columns), np.float32), np.zeros(0, np.int32))
        assert all(map(math.isnan, found.values()))


def test_mcc_of_many_rows_does_not_overflow() -> None:
    table = np.diag([10**6] * 3) + 10**5
    assert metrics.of_tables("mcc", table) == pytest.approx(metrics.of_tables("mcc", table / 10**5))


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 4), st.integers(2, 60), st.integers(0, 10**6))
def test_mcc_is_the_correlation_of_indicators(classes: int, rows: int, seed: int) -> None:
    """Gorodkin 2004, eq. 8: covariances of one-hot vectors, summed over the classes."""
    rng = np.random.default_rng(seed)
    labels, predictions = rng.integers(classes, size=(2, rows))
    x, y = (np.eye(classes)[each] - np.eye(classes)[each].mean(axis=0) for each in (labels, predictions))
    spread = (x * x).sum() * (y * y).sum()
    found = metrics.or_zero(of_classes("mcc", labels.tolist(), predictions.tolist(), classes))
    assert found == pytest.approx((x * y).sum() / math.sqrt(spread) if spread > 1e-9 else 0, abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 3), st.integers(1, 60), st.integers(0, 10**6))
def test_classification_as_scikit_learn_has_it(classes: int, rows: int, seed: int) -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    labels, predictions = rng.integers(classes, size=(2, rows))
    theirs = {
        "accuracy": sklearn.accuracy_score(labels, predictions),
        "mcc": sklearn.matthews_corrcoef(labels, predictions),
    }
    if classes == 2:
        theirs["f1"] = sklearn.f1_score(labels, predictions, zero_division=0.0)
    ours = metrics.values(tuple(theirs), logits_of(predictions, classes), labels)
    assert {name: metrics.or_zero(value) for name, value in ours.items()} == pytest.approx(theirs, abs=1e-9)
    table = metrics.confusion(labels, predictions, classes)
    assert table.tolist() == sklearn.confusion_matrix(labels, predictions, labels=range(classes)).tolist()


def test_correlations_by_hand() -> None:
    found = of_scores([0, 1, 2, 3], [0, 2, 1, 5])
    # Deviations -1.5 -0.5 0.5 1.5 and -2 0 -1 3: products 7, squares 5 and 14. Ranks 1 2 3 4 and 1 3 2 4.
    assert found["pearson"] == pytest.approx(7 / math.sqrt(5 * 14))
    assert found["spearman"] == pytest.approx(1 - 6 * 2 / (4 * 15))
    assert found["corr"] == pytest.approx((found["pearson"] + found["spearman"]) / 2)


def test_ranks_of_ties_are_means() -> None:
    scores = np.array([2.0, 5.0, 2.0, 1.0])
    assert metrics.ranks(scores, np.ones((1, 4))).tolist() == [[2.5, 4, 2.5, 1]]
    assert metrics.ranks(scores, np.array([[3, 0, 1, 1]])).tolist() == [[3.5, 5.5, 3.5, 1]]


@settings(max_examples=50, deadline=None)
@given(st.integers(3, 60), st.integers(1, 20), st.integers(0, 10**6))
def test_correlations_as_scipy_has_them(rows: int, steps: int, seed: int) -> None:
    """With many ties and with few."""
    rng = np.random.default_rng(seed)
    gold = np.append(rng.integers(steps + 1, size=rows), [0, steps]).astype(np.float32)
    predicted = np.round(gold + rng.normal(0, steps, rows + 2), 1).astype(np.float32)
    found = of_scores(gold, predicted)
    if len(set(predicted)) > 1:
        assert found["pearson"] == pytest.approx(stats.pearsonr(gold, predicted).statistic, abs=1e-6)
        assert found["spearman"] == pytest.approx(stats.spearmanr(gold, predicted).statistic, abs=1e-9)


@pytest.mark.parametrize("constant", [0.0, 2.5, 0.1, 1e6])
def test_constant_scores_have_no_correlation(constant: float) -> None:
    assert all(map(math.isnan, of_scores([0, 1, 4, 5, 2.2], [constant] * 5).values()))
    assert all(map(math.isnan, of_scores([constant] * 5, [0, 1, 4, 5, 2.2]).values()))


def test_a_resample_of_equal_scores_has_no_correlation() -> None:
    gold, predicted = np.array([0.1, 2, 3]), np.array([0.3, 0.7, 1.1])
    found = metrics.correlations(gold, predicted, np.array([[3, 0, 0], [1, 1, 1]]))
    for name in REGRESSION:
        assert math.isnan(found[name][0]) and found[name][1] > 0.9


@settings(max_examples=50, deadline=None)
@given(st.integers(3, 30), st.integers(0, 10**6))
def test_weights_are_rows_that_stand_several_times(rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    gold, predicted = rng.integers(6, size=rows).astype(np.float32), rng.normal(size=rows).round(1).astype(np.float32)
    weights = rng.integers(4, size=(5, rows))
    weights[:, 0] += 1
    found = metrics.correlations(gold, predicted, weights)
    for number, each in enumerate(weights):
        expected = of_scores(np.repeat(gold, each), np.repeat(predicted, each))
        for name in REGRESSION:
            assert found[name][number] == pytest.approx(expected[name], abs=1e-6, nan_ok=True)


SCORED = {"labels": ["score"], "scores": {"low": 0, "high": 5}}


@pytest.mark.parametrize(
    "changes",
    [
        {"metrics": ["accuracy", "f1", "mcc"]},
        {"labels": ["a", "b", "c"], "metrics": ["mcc", "accuracy"]},
        SCORED | {"metrics": ["corr", "pearson", "spearman"]},
    ],
)
def test_metrics_that_fit(changes: dict[str, Any]) -> None:
    metrics.check_metrics(make_task(**changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metrics": ["accuracy", "pearson"]}, "is a classification, pearson no metric of one"),
        ({"labels": ["a", "b", "c"], "metrics": ["f1"]}, "has 3 labels, f1 is of two"),
        (SCORED | {"metrics": ["corr", "accuracy", "mcc"]}, "is a regression, accuracy, mcc no metric of one"),
        (SCORED | {"labels": ["a", "b"], "metrics": ["corr"]}, "is a regression with 2 labels"),
    ],
)
def test_metrics_that_do_not_fit(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        metrics.check_metrics(make_task(**changes))
