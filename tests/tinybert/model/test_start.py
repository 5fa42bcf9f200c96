from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.tinybert.tiny import TEACHER
from tinybert.model.start import TABLES, leading_directions, projected_weights
from tinybert.model.weights import Weights, random_weights


@pytest.fixture(scope="module")
def teacher() -> Weights:
    """A word table with a spectrum, as trained ones have: random ones have nearly equal singular values."""
    weights = random_weights(TEACHER, 5)
    weights[TABLES[0]] = weights[TABLES[0]] * np.linspace(2, 0.1, 32, dtype=np.float32)
    return weights


def test_directions_are_those_of_the_svd(teacher: Weights) -> None:
    table = teacher[TABLES[0]]
    basis = leading_directions(table, 24)
    _, _, expected = np.linalg.svd(table.astype(np.float64), full_matrices=False)
    np.testing.assert_allclose(np.abs((basis * expected[:24].T).sum(axis=0)), 1, atol=1e-5)
    np.testing.assert_allclose(basis.T @ basis, np.eye(24), atol=1e-5)


def test_tables_are_projected_and_the_rest_is_random(teacher: Weights) -> None:
    student = replace(TEACHER, layers=2, hidden_size=24, intermediate_size=48)
    weights = projected_weights(student, teacher, seed=1)
    table = teacher[TABLES[0]].astype(np.float64)
    _, _, right = np.linalg.svd(table, full_matrices=False)
    for name in TABLES:
        expected = teacher[name] @ right[:24].T
        signs = np.sign((expected * weights[name]).sum(axis=0))
        np.testing.assert_allclose(weights[name], expected * signs, atol=1e-6)
    fresh = random_weights(student, 1)
    for name in fresh.keys() - set(TABLES):
        np.testing.assert_array_equal(weights[name], fresh[name])


def test_projection_keeps_more_of_the_table_than_any_other_directions(teacher: Weights) -> None:
    """Eckart and Young: no subspace of that dimension keeps more of the squared norm."""
    table = teacher[TABLES[0]]
    kept = np.square(table @ leading_directions(table, 8)).sum()
    rng = np.random.default_rng(0)
    for _ in range(20):
        other, _ = np.linalg.qr(rng.standard_normal((32, 8)))
        assert np.square(table @ other).sum() < kept


def test_wider_student_keeps_random_values_in_the_remaining_columns(teacher: Weights) -> None:
    student = replace(TEACHER, hidden_size=40)
    weights, fresh = projected_weights(student, teacher, seed=1), random_weights(student, 1)
    for name in TABLES:
        np.testing.assert_array_equal(weights[name][:, 32:], fresh[name][:, 32:])
        gram = weights[name][:, :32] @ weights[name][:, :32].T  # a rotation keeps all inner products
        np.testing.assert_allclose(gram, teacher[name] @ teacher[name].T, atol=1e-5)


def test_student_with_other_table_lengths(teacher: Weights) -> None:
    student = replace(TEACHER, hidden_size=24, max_positions=48, segment_types=1)
    weights, fresh = projected_weights(student, teacher, seed=1), random_weights(student, 1)
    np.testing.assert_array_equal(weights[TABLES[1]][32:], fresh[TABLES[1]][32:])
    assert weights[TABLES[2]].shape == (1, 24)
