"""An encoder and a classifier made ready for inference: the model of `bert.py` without what only training and distillation need.

Same logits, less work: query, key and value are one product; of the last layer one position a row is computed (the classifier's is
[CLS], since the pooler reads nothing else); products run in the engine's fastest form for the precision. Shapes as in `bert.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tinybert import engine as E
from tinybert.data.batches import Batch
from tinybert.model.bert import MASKED_SCORE
from tinybert.model.config import BertConfig

PRECISIONS = ("float32", "bfloat16", "int8")


@dataclass(frozen=True)
class Inputs:
    """A batch on the device. input_ids: int64 [B, L]; segment_ids: the same, None where all are 0; mask: [B, 1, 1, L] in the element
    type of the activations, added to the scores, None where no row is padded; read: int64 [B, 1], which of the B L positions of all
    rows end to end is read of each row, None for [CLS].
    """

    input_ids: E.Tensor
    segment_ids: E.Tensor | None
    mask: E.Tensor | None
    read: E.Tensor | None


@dataclass(frozen=True)
class _Layer:
    projections: E.InferenceLinear  # query, key and value; of the last layer key and value
    query: E.InferenceLinear | None  # of the last layer
    attention_output: E.InferenceLinear
    attention_norm: tuple[E.Tensor, E.Tensor]
    intermediate: E.InferenceLinear
    output: E.InferenceLinear
    output_norm: tuple[E.Tensor, E.Tensor]


class Encoder:
    """The last hidden state of one position a row. Ask `E.inference_absence(precision, device)` first whether there is such a one."""

    def __init__(self, config: BertConfig, weights: Mapping[str, np.ndarray], device: str, precision: str) -> None:
        self.config, self.device, self.precision = config, device, precision
        self._weights = weights
        table = "bert.embeddings."
        self._words, self._positions, self._segments = (
            self._tensor(f"{table}{name}_embeddings.weight") for name in ("word", "position", "token_type")
        )
        self._first_segment = self._positions + self._segments[:1]
        self._embedding_norm = self._norm_of(table + "LayerNorm")
        self._layers = [self._layer(number) for number in range(config.layers)]
        self._weights = {}

    def prepare(self, batch: Batch, positions: np.ndarray | None = None) -> Inputs:
        """`positions`: int64 [B], the one to read of each row; None: [CLS]."""
        is_padded, has_pairs = not batch.attention_mask.all(), batch.segment_ids.any()
        mask = ((1.0 - batch.attention_mask) * MASKED_SCORE)[:, None, None, :]
        rows, length = batch.input_ids.shape
        read = None if positions is None else (np.arange(rows) * length + positions)[:, None]
        return Inputs(
            E.tensor(batch.input_ids, self.device),
            E.tensor(batch.segment_ids, self.device) if has_pairs else None,
            E.inference_tensor(mask, self.precision, self.device) if is_padded else None,
            None if read is None else E.tensor(read, self.device),
        )

    def states(self, inputs: Inputs) -> E.Tensor:
        """[B, H], perhaps still being computed. Hold `E.no_grad()`."""
        batch, length = inputs.input_ids.shape
        if inputs.segment_ids is None:
            places = self._first_segment[:length]
        else:
            places = self._positions[:length] + E.embedding(self._segments, inputs.segment_ids)
        x = self._norm(E.embedding(self._words, inputs.input_ids) + places, self._embedding_norm)
        heads, width = self.config.heads, self.config.hidden_size
        for layer in self._layers:
            projected = self._heads(layer.projections(x, False))
            if layer.query is None:
                query, key, value = (projected[:, part * heads : (part + 1) * heads] for part in range(3))
            else:
                x = x[:, :1] if inputs.read is None else E.embedding(x.reshape(-1, width), inputs.read)
                query = self._heads(layer.query(x, False))
                key, value = projected[:, :heads], projected[:, heads:]
            context = E.attention(query, key, value, inputs.mask, 0.0, False)
            context = context.transpose(1, 2).reshape(batch, x.shape[1], width)
            x = self._norm(x + layer.attention_output(context, False), layer.attention_norm)
            x = self._norm(x + layer.output(layer.intermediate(x, True), False), layer.output_norm)
        return x[:, 0]

    def _heads(self, x: E.Tensor) -> E.Tensor:
        """[B, L, n H] -> [B, n A, L, d]."""
        return x.reshape(x.shape[0], x.shape[1], -1, self.config.head_size).transpose(1, 2)

    def _layer(self, number: int) -> _Layer:
        name = f"bert.encoder.layer.{number}."
        is_last = number == self.config.layers - 1
        roles = [f"{name}attention.self.{role}" for role in ("query", "key", "value")]
        return _Layer(
            self._linear(*(roles[1:] if is_last else roles)),
            self._linear(roles[0]) if is_last else None,
            self._linear(name + "attention.output.dense"),
            self._norm_of(name + "attention.output.LayerNorm"),
            self._linear(name + "intermediate.dense"),
            self._linear(name + "output.dense"),
            self._norm_of(name + "output.LayerNorm"),
        )

    def _linear(self, *names: str) -> E.InferenceLinear:
        """One product for several layers of the same input, their outputs side by side."""
        weight, bias = (
            np.concatenate([self._weights[f"{name}.{part}"] for name in names]) for part in ("weight", "bias")
        )
        return E.inference_linear(weight, bias, self.precision, self.device)

    def _norm_of(self, name: str) -> tuple[E.Tensor, E.Tensor]:
        return self._tensor(name + ".weight"), self._tensor(name + ".bias")

    def _norm(self, x: E.Tensor, parameters: tuple[E.Tensor, E.Tensor]) -> E.Tensor:
        return E.layer_norm(x, *parameters, self.config.layer_norm_eps)

    def _tensor(self, name: str) -> E.Tensor:
        return E.inference_tensor(self._weights[name], self.precision, self.device)


class Classifier:
    """An encoder with BERT's pooler and a linear layer over [CLS]."""

    def __init__(self, config: BertConfig, weights: Mapping[str, np.ndarray], device: str, precision: str) -> None:
        self._encoder = Encoder(config, weights, device, precision)
        self._pooler, self._head = (
            E.inference_linear(weights[f"{name}.weight"], weights[f"{name}.bias"], precision, device)
            for name in ("bert.pooler.dense", "classifier")
        )

    def prepare(self, batch: Batch) -> Inputs:
        return self._encoder.prepare(batch)

    def logits(self, inputs: Inputs) -> E.Tensor:
        """[B, C], perhaps still being computed. Hold `E.no_grad()`."""
        return self._head(E.tanh(self._pooler(self._encoder.states(inputs), False)), False)
