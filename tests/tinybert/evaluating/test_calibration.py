from __future__ import annotations

import numpy as np
import pytest

from tinybert.evaluating.calibration import calibration, top_probabilities


def logits_of(probabilities: list[list[float]]) -> np.ndarray:
    return np.log(np.array(probabilities)).astype(np.float32) + np.float32(3)


def test_by_hand() -> None:
    """Three rows at 0.95, two of them right; one at 0.62, wrong."""
    logits = logits_of([[0.95, 0.05], [0.95, 0.05], [0.05, 0.95], [0.38, 0.62]])
    found = calibration(logits, np.array([0, 1, 1, 0]))
    assert found["ece"] == pytest.approx(3 / 4 * abs(2 / 3 - 0.95) + 1 / 4 * 0.62, abs=1e-6)
    filled = [tuple(each.values()) for each in found["bins"] if each["rows"]]
    assert filled == [
        pytest.approx((0.6, 0.7, 1, 0.62, 0), abs=1e-6),
        pytest.approx((0.9, 1, 3, 0.95, 2 / 3), abs=1e-6),
    ]
    assert all(tuple(each) == ("low", "high", "rows", "confidence", "accuracy") for each in found["bins"])
    empty = [each for each in found["bins"] if not each["rows"]]
    assert len(empty) == 8 and all(each["confidence"] is None and each["accuracy"] is None for each in empty)


def test_a_model_that_knows_what_it_knows() -> None:
    """Right on 7 of 10 rows that it gives 0.7."""
    found = calibration(logits_of([[0.7, 0.2, 0.1]] * 10), np.array([0] * 7 + [1, 2, 2]))
    assert found["ece"] == pytest.approx(0, abs=1e-6)


def test_edges_belong_to_the_bin_below() -> None:
    assert [each["rows"] for each in calibration(np.zeros((3, 2), np.float32), np.zeros(3, np.int32))["bins"]][4] == 3
    sure = np.array([[200.0, -200]], np.float32)
    assert calibration(sure, np.array([0]))["bins"][9]["rows"] == 1


def test_top_probabilities_are_the_softmaxs() -> None:
    logits = np.random.default_rng(0).normal(0, 30, (50, 3)).astype(np.float32)
    exact = np.exp(logits.astype(np.float64))
    np.testing.assert_allclose(top_probabilities(logits), (exact / exact.sum(axis=1, keepdims=True)).max(axis=1))
