from __future__ import annotations

import numpy as np
import pytest

from tinybert.augmentation.masking import Vocabulary, mask
from tinybert.data.tokens import Tokens, concatenate

VOCABULARY = Vocabulary(size=5000, mask_id=4, special_ids=(0, 1, 2, 3, 4))


def tokens(lengths: np.ndarray) -> Tokens:
    """`[CLS] ... [SEP]`, ids 5 to 4999 between."""
    rng = np.random.default_rng(0)
    rows = [np.array([2, *rng.integers(5, VOCABULARY.size, length - 2), 3], np.uint16) for length in lengths]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return Tokens(np.concatenate(rows), offsets, lengths.astype(np.uint16), np.zeros(len(rows), np.int32))


@pytest.fixture(scope="module")
def lines() -> Tokens:
    return tokens(np.random.default_rng(1).integers(3, 60, 4000))


def test_of_every_row_15_percent_are_hidden_and_at_least_one(lines: Tokens) -> None:
    answers = mask(lines, VOCABULARY, np.random.default_rng(2)).answers
    hidden = np.add.reduceat(answers.input_ids != 0, lines.offsets[:-1])
    np.testing.assert_array_equal(hidden, np.maximum(1, np.rint((lines.lengths - 2) * 0.15)))


def test_answers_are_what_stood_there_and_the_rest_is_as_it_was(lines: Tokens) -> None:
    masked = mask(lines, VOCABULARY, np.random.default_rng(2))
    hidden = masked.answers.input_ids != 0
    np.testing.assert_array_equal(masked.answers.input_ids[hidden], lines.input_ids[hidden])
    np.testing.assert_array_equal(masked.tokens.input_ids[~hidden], lines.input_ids[~hidden])
    assert not np.isin(lines.input_ids[hidden], VOCABULARY.special_ids).any()


def test_80_percent_masked_10_random_10_kept(lines: Tokens) -> None:
    masked = mask(lines, VOCABULARY, np.random.default_rng(2))
    hidden = masked.answers.input_ids != 0
    seen, answers = masked.tokens.input_ids[hidden], masked.answers.input_ids[hidden]
    sampling = 4 * np.sqrt(0.8 * 0.2 / hidden.sum())
    assert (seen == 4).mean() == pytest.approx(0.8, abs=sampling)
    assert (seen == answers).mean() == pytest.approx(0.1, abs=sampling)
    random = seen[(seen != 4) & (seen != answers)]
    assert random.mean() == pytest.approx(VOCABULARY.size / 2, rel=0.05)


def test_a_question_has_masks_alone(lines: Tokens) -> None:
    masked = mask(lines, VOCABULARY, np.random.default_rng(2), masked=1.0)
    assert (masked.tokens.input_ids[masked.answers.input_ids != 0] == 4).all()


def test_copies_of_a_row_are_masked_differently_and_a_seed_repeats_them(lines: Tokens) -> None:
    twice = concatenate([lines, lines])
    found, again = (mask(twice, VOCABULARY, np.random.default_rng(2)).answers.input_ids for _ in range(2))
    np.testing.assert_array_equal(found, again)
    first, second = np.split(found, 2)
    assert ((first != 0) & (second != 0)).sum() < 0.3 * (first != 0).sum()


def test_a_batch_lines_up_positions_and_answers(lines: Tokens) -> None:
    rows = np.array([7, 3, 2000])
    batch, positions, answers = mask(lines, VOCABULARY, np.random.default_rng(2), masked=1.0).collate(rows)
    assert (batch.input_ids.reshape(-1)[positions] == 4).all()
    whole = batch.input_ids.copy()
    whole.reshape(-1)[positions] = answers
    for row, ids, length in zip(rows, whole, lines.lengths[rows], strict=True):
        np.testing.assert_array_equal(ids[:length], lines.input_ids[lines.offsets[row] :][:length])


def test_a_row_of_special_tokens_hides_none() -> None:
    found = mask(tokens(np.array([2, 5])), VOCABULARY, np.random.default_rng(2)).answers
    assert (found.input_ids[:2] == 0).all()
    assert (found.input_ids[2:] != 0).sum() == 1
