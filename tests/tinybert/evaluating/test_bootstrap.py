"""Intervals against the same bootstrap with rows drawn one by one, and against what theory says of a share."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tinybert import metrics
from tinybert.evaluating import bootstrap

ROWS = 400


def classified(classes: int, shares: tuple[float, float], seed: int = 0) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Logits of a teacher and a student that are right on about these shares of the rows, and the labels."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=ROWS).astype(np.int32)
    logits = {}
    for role, share in zip(bootstrap.ROLES, shares, strict=True):
        answers = np.where(rng.random(ROWS) < share, labels, rng.integers(classes, size=ROWS))
        logits[role] = np.eye(classes, dtype=np.float32)[answers]
    return logits, labels


def scored(noises: tuple[float, float], rows: int = ROWS) -> tuple[dict[str, np.ndarray], np.ndarray]:
    rng = np.random.default_rng(0)
    labels = (rng.integers(26, size=rows) / 5).astype(np.float32)
    logits = {
        role: (labels + rng.normal(0, noise, rows)).astype(np.float32)[:, None]
        for role, noise in zip(bootstrap.ROLES, noises, strict=True)
    }
    return logits, labels


def drawn_one_by_one(
    names: tuple[str, ...], logits: dict[str, np.ndarray], labels: np.ndarray
) -> dict[str, dict[str, list[float]]]:
    """The interval of each metric of teacher, student and change, by the definition."""
    rng = np.random.default_rng(99)
    samples: dict[str, dict[str, list[float]]] = {
        role: {name: [] for name in names} for role in (*bootstrap.ROLES, "change")
    }
    for _ in range(bootstrap.RESAMPLES):
        rows = rng.integers(len(labels), size=len(labels))
        for name in names:
            values = [metrics.values((name,), logits[role][rows], labels[rows])[name] for role in bootstrap.ROLES]
            for role, value in zip(samples, [*values, values[1] - values[0]], strict=True):
                samples[role][name].append(metrics.or_zero(value))
    return {
        role: {name: np.quantile(each, [0.025, 0.975]).tolist() for name, each in of_role.items()}
        for role, of_role in samples.items()
    }


@pytest.mark.parametrize(
    ("names", "data"),
    [
        (("accuracy", "f1", "mcc"), classified(2, (0.8, 0.6))),
        (("accuracy", "mcc"), classified(3, (0.8, 0.6))),
        (("corr", "pearson", "spearman"), scored((0.8, 1.5))),
    ],
)
def test_as_rows_drawn_one_by_one(names: tuple[str, ...], data: tuple[dict[str, np.ndarray], np.ndarray]) -> None:
    logits, labels = data
    found = bootstrap.scores(names, logits, labels, seed=1)
    expected = drawn_one_by_one(names, logits, labels)
    for role, of_role in expected.items():
        for name, interval in of_role.items():
            assert found[role][name]["interval"] == pytest.approx(interval, abs=0.1 * (interval[1] - interval[0]))


def test_values_are_those_of_all_rows() -> None:
    logits, labels = classified(2, (0.9, 0.7))
    names = ("mcc", "accuracy")
    found = bootstrap.scores(names, logits, labels, seed=1)
    for role in bootstrap.ROLES:
        values = {name: each["value"] for name, each in found[role].items()}
        assert values == metrics.values(names, logits[role], labels)
    for name in names:
        assert found["change"][name]["value"] == found["student"][name]["value"] - found["teacher"][name]["value"] < 0


def test_an_accuracys_interval_is_that_of_a_share() -> None:
    logits, labels = classified(2, (0.8, 0.6))
    found = bootstrap.scores(("accuracy",), logits, labels, seed=1)["teacher"]["accuracy"]
    half = 1.96 * math.sqrt(found["value"] * (1 - found["value"]) / ROWS)
    low, high = found["interval"]
    assert (low, high) == pytest.approx((found["value"] - half, found["value"] + half), abs=0.2 * half)


@pytest.mark.parametrize(("names", "data"), [(("f1",), classified(2, (0.8, 0.8))), (("corr",), scored((1, 1)))])
def test_pairs_stay_together(names: tuple[str, ...], data: tuple[dict[str, np.ndarray], np.ndarray]) -> None:
    """A student that answers as its teacher does changes nothing in any resample."""
    logits, labels = data
    same = dict.fromkeys(bootstrap.ROLES, logits["teacher"])
    found = bootstrap.scores(names, same, labels, seed=1)
    assert found["change"][names[0]] == {"value": 0, "interval": [0, 0]}
    assert found["teacher"] == found["student"]


def test_the_seed_and_nothing_else_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    logits, labels = scored((0.8, 1.5), rows=60)
    first = bootstrap.scores(("corr",), logits, labels, seed=1)
    monkeypatch.setattr(bootstrap, "CHUNK_ROWS", 7 * 60)
    again = bootstrap.scores(("corr",), logits, labels, seed=1)
    assert again == first
    assert bootstrap.scores(("corr",), logits, labels, seed=2) != first


def test_an_undefined_metric_is_zero() -> None:
    labels = np.array([0, 0, 1, 1], np.int32)
    constant = {role: np.tile(np.array([1, 0], np.float32), (4, 1)) for role in bootstrap.ROLES}
    assert bootstrap.scores(("mcc",), constant, labels, seed=1)["student"]["mcc"] == {"value": 0, "interval": [0, 0]}
    scores = {role: np.full((4, 1), 2.5, np.float32) for role in bootstrap.ROLES}
    found = bootstrap.scores(("corr",), scores, np.array([0, 1, 2, 3], np.float32), seed=1)
    assert found["change"]["corr"] == {"value": 0, "interval": [0, 0]}


def test_a_single_row() -> None:
    logits = {role: np.array([[0.1, 0.9]], np.float32) for role in bootstrap.ROLES}
    found = bootstrap.scores(("accuracy",), logits, np.array([1], np.int32), seed=1)
    assert found["teacher"]["accuracy"] == {"value": 1, "interval": [1, 1]}
