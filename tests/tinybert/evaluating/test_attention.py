from __future__ import annotations

import numpy as np

from tinybert.evaluating.attention import MOST_TOKENS, chosen_row
from tinybert.evaluating.dev_set import DevSet

LABELS = np.array([0, 1, 1, 0], np.int32)


def dev(lengths: list[int], teacher: list[int], student: list[int]) -> DevSet:
    logits = {
        role: np.eye(2, dtype=np.float32)[answers] for role, answers in (("teacher", teacher), ("student", student))
    }
    return DevSet("dev", LABELS, np.array(lengths), ["text"] * 4, logits)


def test_the_first_row_that_fits_and_the_student_alone_gets_wrong() -> None:
    both_wrong_then_student = dev([9, 9, 9, 9], [1, 1, 1, 0], [1, 1, 0, 1])
    assert chosen_row(both_wrong_then_student) == 2
    assert chosen_row(dev([9, 9, MOST_TOKENS + 1, 9], [1, 1, 1, 0], [1, 1, 0, 1])) == 3


def test_without_such_a_row_the_first_that_fits() -> None:
    right = LABELS.tolist()
    assert chosen_row(dev([MOST_TOKENS + 1, MOST_TOKENS, 5, 5], right, right)) == 1
    assert chosen_row(dev([MOST_TOKENS + 1] * 4, right, right)) is None


def test_of_a_regression_the_first_that_fits() -> None:
    logits = {role: np.array([[0.5], [1], [2], [3]], np.float32) for role in ("teacher", "student")}
    scored = DevSet("dev", np.array([0, 1, 2, 3], np.float32), np.array([40, 6, 7, 8]), ["text"] * 4, logits)
    assert chosen_row(scored) == 1
