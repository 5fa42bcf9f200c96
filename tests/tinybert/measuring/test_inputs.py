from __future__ import annotations

import numpy as np
import pytest

from tests.tinybert.tiny import TEACHER, Project, batch_of
from tinybert import engine as E
from tinybert.data.tokens import Tokens, load_tokens
from tinybert.measuring.inputs import forward_batches
from tinybert.model.bert import Bert
from tinybert.model.config import BertConfig
from tinybert.model.shapes import forward_flop
from tinybert.model.weights import random_weights


@pytest.fixture(scope="module")
def tokens(project: Project) -> Tokens:
    project.need("prepare")
    return load_tokens(project.root / "prepare" / "dev.safetensors", 16)


@pytest.mark.parametrize("size", [1, 8, 40])
@pytest.mark.parametrize("length", [16, "real"])
def test_batches_are_of_one_size_and_the_asked_length(tokens: Tokens, size: int, length: int | str) -> None:
    batches = forward_batches(tokens, size, length, seed=1)
    for batch in batches:
        rows, width = batch.input_ids.shape
        assert rows == size == len(batch.rows)
        assert width == (tokens.lengths[batch.rows].max() if length == "real" else length)


def test_real_lengths_are_the_whole_set_in_batches_of_like_rows(tokens: Tokens) -> None:
    batches = forward_batches(tokens, 8, "real", seed=1)
    assert sorted(np.concatenate([batch.rows for batch in batches])) == list(range(32))
    assert sum(batch.input_ids.size for batch in batches) < 1.1 * tokens.lengths.sum()
    again = forward_batches(tokens, 8, "real", seed=1)
    assert [batch.rows.tolist() for batch in again] == [batch.rows.tolist() for batch in batches]


def test_single_rows_spread_over_all_lengths(tokens: Tokens) -> None:
    lengths = sorted(batch.input_ids.shape[1] for batch in forward_batches(tokens, 1, "real", seed=1))
    assert lengths == sorted(tokens.lengths.tolist())


def test_published_shapes_have_their_known_operations() -> None:
    """22.3 GFLOP of BERT-base at 128 tokens, 17.9 times TinyBERT's (peer-costs: 22.3; the paper prints 22.5 and 1.2)."""
    base, tiny = BertConfig(12, 768, 12, 3072, 30522), BertConfig(4, 312, 12, 1200, 30522)
    assert forward_flop(base, 1, 128, last_row_only=False) / 1e9 == pytest.approx(22.35, abs=0.005)
    ratio = forward_flop(base, 32, 128, last_row_only=False) / forward_flop(tiny, 32, 128, last_row_only=False)
    assert ratio == pytest.approx(17.9, abs=0.05)


@pytest.mark.engine("torch")
def test_operations_are_those_that_torch_counts() -> None:
    from torch.utils.flop_counter import FlopCounterMode

    from tinybert.model.inference import Classifier

    weights, batch = random_weights(TEACHER, 1), batch_of([16] * 3, 16)
    with FlopCounterMode(display=False) as whole, E.no_grad():
        Bert(TEACHER, weights, "cpu").forward(batch)
    assert whole.get_total_flops() == forward_flop(TEACHER, 3, 16, last_row_only=False)
    classifier = Classifier(TEACHER, weights, "cpu", "float32")
    linear = sum(
        rows * 2 * outputs * inputs
        for rows, outputs, inputs in (
            *[(48, 96, 32), (48, 32, 32), (48, 64, 32), (48, 32, 64)] * 3,
            *[(48, 64, 32), (3, 32, 32), (3, 32, 32), (3, 64, 32), (3, 32, 64), (3, 32, 32), (3, 2, 32)],
        )
    )
    inputs = classifier.prepare(batch)
    with FlopCounterMode(display=False) as attention, E.no_grad():
        classifier.logits(inputs)
    assert attention.get_total_flops() + linear == forward_flop(TEACHER, 3, 16, last_row_only=True)
