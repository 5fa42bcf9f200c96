"""Random weights of a masked language model, and what a plain pass of them answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr

from tinybert import engine as E
from tinybert.augmentation.masked_lm import Query
from tinybert.augmentation.masked_lm_weights import BIAS, DENSE, NORM, NOT_READ, decoder_of, head_shapes
from tinybert.data.batches import Batch
from tinybert.model.bert import Bert, Features
from tinybert.model.config import BertConfig
from tinybert.model.weights import Weights, random_weights

CONFIG = BertConfig(
    layers=2,
    hidden_size=32,
    heads=4,
    intermediate_size=64,
    vocab_size=200,
    max_positions=64,
    initializer_range=0.2,
)


def masked_lm(seed: int = 3) -> Weights:
    """All of them random, so that none can be left out unnoticed."""
    rng = np.random.default_rng(seed)
    encoder = {name: array for name, array in random_weights(CONFIG, seed).items() if not name.startswith(NOT_READ)}
    head = {name: rng.normal(0.0, 0.3, shape).astype(np.float32) for name, shape in head_shapes(CONFIG).items()}
    return encoder | head


def queries(count: int = 12) -> list[Query]:
    """Of 3 to 60 tokens, pairs and single texts in turns."""
    rng = np.random.default_rng(1)
    found = []
    for number in range(count):
        length = int(rng.integers(3, 61))
        ids = tuple(rng.integers(5, CONFIG.vocab_size, length).tolist())
        found.append(Query(ids, length // 2 if number % 2 else length, int(rng.integers(length))))
    return found


def plain_scores(weights: Weights, asked: Sequence[Query]) -> np.ndarray:
    """[n, V]: each query alone, every position through `bert.py`, the head in NumPy."""
    rows = []
    for query in asked:
        ids = np.array(query.input_ids)[None]
        segments = (np.arange(ids.shape[1]) >= query.first_length).astype(np.int64)[None]
        batch = Batch(ids, np.ones_like(ids), segments, np.zeros(1, np.int64), np.zeros(1, np.int64))
        with E.no_grad():
            output = Bert(CONFIG, weights, "cpu").forward(batch, Features((CONFIG.layers,), logits=False))
        x = E.to_numpy(output.hidden[CONFIG.layers])[0, query.position].astype(np.float64)
        x = weights[f"{DENSE}.weight"] @ x + weights[f"{DENSE}.bias"]
        x = x * ndtr(x)
        x = (x - x.mean()) / np.sqrt(x.var() + CONFIG.layer_norm_eps)
        x = x * weights[f"{NORM}.weight"] + weights[f"{NORM}.bias"]
        rows.append(decoder_of(weights) @ x + weights[BIAS])
    return np.array(rows)
