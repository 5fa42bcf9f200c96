"""The masked language model against plain passes, and against transformers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.tinybert.augmentation.heads import CONFIG, masked_lm, plain_scores, queries
from tests.tinybert.tiny import batch_of
from tinybert import engine as E
from tinybert.augmentation.masked_lm import MaskedLM, Query
from tinybert.augmentation.masked_lm_weights import DECODER, masked_lm_weights
from tinybert.errors import BadInputError

COUNT = 15


def nothing(done: int) -> None:
    pass


def model(precision: str = "float32") -> MaskedLM:
    return MaskedLM(CONFIG, masked_lm(), "cpu", precision)


@pytest.mark.parametrize("batch_tokens", [1, 100, 10_000])
def test_the_best_ids_are_those_of_plain_passes_however_queries_are_batched(batch_tokens: int) -> None:
    asked = queries()
    expected = np.argsort(-plain_scores(masked_lm(), asked), axis=1)[:, :COUNT]
    np.testing.assert_array_equal(model().best(asked, COUNT, batch_tokens, nothing), expected)
    mixed = np.random.default_rng(2).permutation(len(asked))
    found = model().best([asked[place] for place in mixed], COUNT, batch_tokens, nothing)
    np.testing.assert_array_equal(found, expected[mixed])


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_scores_at_a_position(precision: str) -> None:
    if E.inference_absence(precision, "cpu"):
        pytest.skip(E.inference_absence(precision, "cpu"))
    batch, positions = batch_of([60, 49, 2], 60), np.array([59, 0, 1])
    asked = [
        Query(ids[:length], length // 2, position)
        for ids, length, position in zip(batch.input_ids, [60, 49, 2], positions, strict=True)
    ]
    with E.no_grad():
        found = E.to_numpy(model(precision).scores(batch, positions))
    expected = plain_scores(masked_lm(), asked)
    tolerance = 1e-4 if precision == "float32" else 0.05 * np.abs(expected).max()
    np.testing.assert_allclose(found, expected, atol=tolerance)


def test_of_equal_scores_the_lower_id_comes_first() -> None:
    weights = masked_lm()
    decoder = np.random.default_rng(4).normal(0.0, 0.3, (CONFIG.vocab_size // 2, CONFIG.hidden_size))
    weights[DECODER] = np.tile(decoder, (2, 1)).astype(np.float32)
    weights["cls.predictions.bias"][:] = 0
    found = MaskedLM(CONFIG, weights, "cpu", "float32").best(queries(), 10, 1000, nothing)
    np.testing.assert_array_equal(found[:, 1::2], found[:, 0::2] + CONFIG.vocab_size // 2)


def test_equal_queries_are_answered_alike_and_counted() -> None:
    asked = queries(4)
    done: list[int] = []
    found = model().best([*asked, *asked, asked[0]], COUNT, 1, done.append)
    np.testing.assert_array_equal(found[4:8], found[:4])
    np.testing.assert_array_equal(found[8], found[0])
    assert len(done) == 4
    assert done == sorted(done)
    assert done[-1] == 9


def test_no_query_no_answer() -> None:
    assert model().best([], COUNT, 100, nothing).shape == (0, COUNT)


@pytest.mark.parametrize("position", [-1, 3])
def test_a_position_outside_its_query(position: int) -> None:
    with pytest.raises(ValueError, match=f"position {position} is outside its query of 3 tokens"):
        model().best([Query((2, 9, 3), 3, position)], COUNT, 100, nothing)


def test_a_query_longer_than_the_position_table() -> None:
    with pytest.raises(BadInputError, match="a query of 65 tokens, but the model has 64 positions"):
        model().best([Query(np.full(65, 7), 65, 0)], COUNT, 100, nothing)


def test_an_id_beyond_the_vocabulary() -> None:
    with pytest.raises(BadInputError, match="vocabulary has 200 rows"):
        model().best([Query((2, 200, 3), 3, 1)], COUNT, 100, nothing)


@pytest.mark.engine("torch")
def test_scores_and_ids_are_those_of_transformers(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    import torch

    torch.manual_seed(5)
    config = transformers.BertConfig(
        num_hidden_layers=3,
        hidden_size=48,
        num_attention_heads=4,
        intermediate_size=80,
        vocab_size=200,
        max_position_embeddings=64,
        initializer_range=0.2,
    )
    theirs = transformers.BertForMaskedLM(config).eval()
    torch.nn.init.normal_(theirs.cls.predictions.bias)
    theirs.save_pretrained(tmp_path)
    shape, weights, has_head = masked_lm_weights(tmp_path)
    assert has_head
    asked = queries()
    found = MaskedLM(shape, weights, "cpu", "float32").best(asked, COUNT, 200, nothing)
    for query, ids in zip(asked, found, strict=True):
        row = torch.tensor([list(query.input_ids)])
        segments = (torch.arange(row.shape[1]) >= query.first_length).long()[None]
        with torch.no_grad():
            logits = theirs(row, token_type_ids=segments).logits[0, query.position]
        np.testing.assert_array_equal(ids, logits.topk(COUNT).indices.numpy())
    batch, positions = batch_of([60, 49, 2], 60), np.array([59, 0, 1])
    names = {"input_ids": "input_ids", "attention_mask": "attention_mask", "segment_ids": "token_type_ids"}
    with torch.no_grad():
        logits = theirs(**{name: torch.tensor(getattr(batch, ours)) for ours, name in names.items()}).logits
        scores = E.to_numpy(MaskedLM(shape, weights, "cpu", "float32").scores(batch, positions))
    np.testing.assert_allclose(scores, logits[torch.arange(3), torch.tensor(positions)].numpy(), atol=1e-4)
