"""The parameters of a BERT classifier: every name with its shape, and how many play which role."""

from __future__ import annotations

import math

from tinybert.model.config import BertConfig


def parameter_shapes(config: BertConfig) -> dict[str, tuple[int, ...]]:
    """Hugging Face name -> shape, in the order of the forward pass."""
    h, inner = config.hidden_size, config.intermediate_size
    shapes: dict[str, tuple[int, ...]] = {
        "bert.embeddings.word_embeddings.weight": (config.vocab_size, h),
        "bert.embeddings.position_embeddings.weight": (config.max_positions, h),
        "bert.embeddings.token_type_embeddings.weight": (config.segment_types, h),
        **_norm("bert.embeddings.LayerNorm", h),
    }
    for layer in range(config.layers):
        name = f"bert.encoder.layer.{layer}."
        for role in ("query", "key", "value"):
            shapes |= _linear(name + f"attention.self.{role}", h, h)
        shapes |= _linear(name + "attention.output.dense", h, h)
        shapes |= _norm(name + "attention.output.LayerNorm", h)
        shapes |= _linear(name + "intermediate.dense", h, inner)
        shapes |= _linear(name + "output.dense", inner, h)
        shapes |= _norm(name + "output.LayerNorm", h)
    return shapes | _linear("bert.pooler.dense", h, h) | _linear("classifier", h, len(config.labels))


def count_parameters(config: BertConfig) -> dict[str, int]:
    """By role: embeddings, layers, pooler, encoder (those three; what papers count), head, serving (encoder and head)."""
    counts = {"embeddings": 0, "layers": 0, "pooler": 0, "head": 0}
    for name, shape in parameter_shapes(config).items():
        role = {"embeddings": "embeddings", "encoder": "layers", "pooler": "pooler"}.get(name.split(".")[1], "head")
        counts[role] += math.prod(shape)
    encoder = counts["embeddings"] + counts["layers"] + counts["pooler"]
    return counts | {"encoder": encoder, "serving": encoder + counts["head"]}


def forward_flop(config: BertConfig, rows: int, length: int, last_row_only: bool) -> int:
    """Floating-point operations of the matrix products of one forward pass: two for every multiplication and addition.

    A layer of width h and inner width i costs a token 8 h^2 + 4 h i, and 4 L h in attention (Clark et al. 2020, ELECTRA's counter,
    without its additions for softmax, norms and activations, below 1 %). `last_row_only`: of the last layer's queries, products with
    their context and feed-forward part, one row's are computed, and all its keys and values.
    """
    h, inner = config.hidden_size, config.intermediate_size
    keys, rest = 4 * h * h, 4 * h * h + 4 * h * inner + 4 * length * h
    whole_layers = config.layers - last_row_only
    body = length * whole_layers * (keys + rest) + last_row_only * (length * keys + rest)
    return rows * (body + 2 * h * h + 2 * h * len(config.labels))


def _linear(name: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _norm(name: str, width: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}
