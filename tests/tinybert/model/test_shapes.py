from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tinybert.model.config import BertConfig
from tinybert.model.shapes import count_parameters, parameter_shapes

BASE = BertConfig(layers=12, hidden_size=768, heads=12, intermediate_size=3072, vocab_size=30522)
TINY_4L = replace(BASE, layers=4, hidden_size=312, intermediate_size=1200)
TINY_6L = replace(BASE, layers=6)


@pytest.mark.parametrize(("config", "encoder"), [(BASE, 109_482_240), (TINY_6L, 66_955_008), (TINY_4L, 14_350_248)])
def test_encoder_has_the_published_number_of_parameters(config: BertConfig, encoder: int) -> None:
    assert count_parameters(config)["encoder"] == encoder


def test_head_and_projection_are_counted_apart() -> None:
    counts = count_parameters(TINY_4L)
    assert counts["serving"] == 14_350_874
    assert counts["head"] == 2 * 312 + 2
    # What OneFlow's "14.5M" counts beside what serves: one projection to the teacher's width.
    assert counts["serving"] + 312 * 768 + 768 == 14_591_258


def test_counts_are_the_sizes_of_the_shapes() -> None:
    shapes = parameter_shapes(TINY_4L)
    assert sum(int(np.prod(shape)) for shape in shapes.values()) == count_parameters(TINY_4L)["serving"]
    assert count_parameters(TINY_4L)["embeddings"] == (30522 + 512 + 2) * 312 + 2 * 312


@pytest.mark.parametrize("config", [BASE, TINY_4L, TINY_6L])
def test_transformers_counts_the_same(config: BertConfig) -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    theirs = transformers.BertConfig(
        num_hidden_layers=config.layers,
        hidden_size=config.hidden_size,
        num_attention_heads=config.heads,
        intermediate_size=config.intermediate_size,
    )
    with torch.device("meta"):
        model = transformers.BertForSequenceClassification(theirs)
    assert {name: tuple(p.shape) for name, p in model.named_parameters()} == parameter_shapes(config)
    assert sum(p.numel() for p in model.bert.parameters()) == count_parameters(config)["encoder"]
