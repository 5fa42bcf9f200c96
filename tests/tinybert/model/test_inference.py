"""The path that is timed against the one that trains, in every precision that the engine has."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tinybert.tiny import TEACHER, batch_of
from tinybert import engine as E
from tinybert.data.batches import Batch
from tinybert.model.bert import Bert
from tinybert.model.config import BertConfig
from tinybert.model.inference import PRECISIONS, Classifier
from tinybert.model.weights import random_weights

# Relative to the spread of the logits: float32 keeps 24 bits, bfloat16 8, int8 8 in all.
TOLERANCE = {"float32": 1e-5, "bfloat16": 0.05, "int8": 0.15}
BATCHES = {
    "padded pairs": batch_of([3, 9, 16], 16),
    "one whole row": batch_of([12], 12),
    "more than 48 keys": batch_of([60, 49, 2], 60),
}
LONG = BertConfig(
    layers=TEACHER.layers,
    hidden_size=32,
    heads=4,
    intermediate_size=64,
    vocab_size=200,
    max_positions=64,
    initializer_range=0.2,
)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("batch", BATCHES.values(), ids=BATCHES)
def test_the_same_logits(batch: Batch, precision: str) -> None:
    if why := E.inference_absence(precision, "cpu"):
        assert E.NAME in why.lower()
        return
    weights = random_weights(LONG, seed=3)
    with E.no_grad():
        expected = Bert(LONG, weights, "cpu").forward(batch).logits
        assert expected is not None
        classifier = Classifier(LONG, weights, "cpu", precision)
        found = E.to_numpy(E.as_float32(classifier.logits(classifier.prepare(batch))))
    reference = E.to_numpy(expected)
    assert np.abs(found - reference).max() < TOLERANCE[precision] * np.abs(reference).max()


def test_single_sentences_need_no_segments() -> None:
    batch = batch_of([5, 8], 8)
    single = Batch(batch.input_ids, batch.attention_mask, np.zeros_like(batch.segment_ids), batch.labels, batch.rows)
    weights = random_weights(LONG, seed=3)
    classifier = Classifier(LONG, weights, "cpu", "float32")
    inputs = classifier.prepare(single)
    assert inputs.segment_ids is None
    with E.no_grad():
        expected = Bert(LONG, weights, "cpu").forward(single).logits
        assert expected is not None
        assert E.to_numpy(classifier.logits(inputs)) == pytest.approx(E.to_numpy(expected), abs=1e-5)
