"""BERT with a classification head, as functions over a dictionary of parameters that carry Hugging Face's names.

Shapes: B batch, L padded length, H width, A heads, d = H / A, C labels, M layers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from tinybert import engine as E
from tinybert.data.batches import Batch
from tinybert.errors import BadInputError
from tinybert.model.config import BertConfig

# Added to the scores of padded keys before the softmax, as in Google's BERT and both published TinyBERTs.
MASKED_SCORE = -10000.0


@dataclass(frozen=True)
class Features:
    """Which inner values a forward pass returns: `hidden` counts 0 (the embeddings) to M, `scores` counts layers from 0."""

    hidden: Collection[int] = ()
    scores: Collection[int] = ()
    logits: bool = True


@dataclass(frozen=True)
class Output:
    """logits [B, C] (None when not asked for); hidden: index -> [B, L, H]; scores: layer -> [B, A, L, L], before mask and softmax."""

    logits: E.Tensor | None
    hidden: dict[int, E.Tensor]
    scores: dict[int, E.Tensor]


LOGITS = Features()


class Bert:
    """A model on a device: its shape and its parameters by Hugging Face name (`bert.encoder.layer.0...`, `classifier.weight`)."""

    def __init__(self, config: BertConfig, weights: Mapping[str, np.ndarray], device: str) -> None:
        self.config = config
        self.device = device
        self.parameters = {name: E.parameter(array, device) for name, array in weights.items()}

    def weights(self) -> dict[str, np.ndarray]:
        return {name: E.to_numpy(parameter) for name, parameter in self.parameters.items()}

    def forward(self, batch: Batch, features: Features = LOGITS, training: bool = False) -> Output:
        """One pass. `training` turns dropout on; gradients flow unless the caller holds `E.no_grad()`.

        Raises BadInputError for rows longer than the position table: OneFlow would answer with zeros, or abort.
        """
        mask = E.tensor(((1.0 - batch.attention_mask) * MASKED_SCORE).astype(np.float32)[:, None, None, :], self.device)
        x = self._embed(batch, training)
        hidden = {0: x} if 0 in features.hidden else {}
        scores: dict[int, E.Tensor] = {}
        last = (
            self.config.layers
            if features.logits
            else max([*features.hidden, *(layer + 1 for layer in features.scores)])
        )
        for layer in range(last):
            x, layer_scores = self._layer(layer, x, mask, layer in features.scores, training)
            if layer_scores is not None:
                scores[layer] = layer_scores
            if layer + 1 in features.hidden:
                hidden[layer + 1] = x
        return Output(self._classify(x, training) if features.logits else None, hidden, scores)

    def _embed(self, batch: Batch, training: bool) -> E.Tensor:
        length = batch.input_ids.shape[1]
        if length > self.config.max_positions:
            raise BadInputError(
                f"a row of {length} tokens, but the model has {self.config.max_positions} positions: lower max_length"
            )
        table = "bert.embeddings."
        x = E.embedding(self.parameters[table + "word_embeddings.weight"], E.tensor(batch.input_ids, self.device))
        positions = E.tensor(np.arange(length, dtype=np.int64)[None, :], self.device)
        x = x + E.embedding(self.parameters[table + "position_embeddings.weight"], positions)
        x = x + E.embedding(
            self.parameters[table + "token_type_embeddings.weight"], E.tensor(batch.segment_ids, self.device)
        )
        return E.dropout(self._norm(table + "LayerNorm", x), self.config.hidden_dropout, training)

    def _layer(
        self, layer: int, x: E.Tensor, mask: E.Tensor, with_scores: bool, training: bool
    ) -> tuple[E.Tensor, E.Tensor | None]:
        name = f"bert.encoder.layer.{layer}."
        dropout = self.config.hidden_dropout
        query, key, value = (self._heads(name + f"attention.self.{role}", x) for role in ("query", "key", "value"))
        scores = None
        if with_scores:
            context, scores = E.attention_with_scores(query, key, value, mask, self.config.attention_dropout, training)
        else:
            context = E.attention(query, key, value, mask, self.config.attention_dropout, training)
        context = context.transpose(1, 2).reshape(x.shape[0], x.shape[1], self.config.hidden_size)
        attended = E.dropout(self._linear(name + "attention.output.dense", context), dropout, training)
        x = self._norm(name + "attention.output.LayerNorm", x + attended)
        inner = E.gelu(self._linear(name + "intermediate.dense", x))
        outer = E.dropout(self._linear(name + "output.dense", inner), dropout, training)
        return self._norm(name + "output.LayerNorm", x + outer), scores

    def _classify(self, x: E.Tensor, training: bool) -> E.Tensor:
        """tanh pooler over [CLS], dropout, linear: BERT's own head (Huawei's extra relu is not in the seed)."""
        pooled = E.tanh(self._linear("bert.pooler.dense", x[:, 0]))
        return self._linear("classifier", E.dropout(pooled, self.config.hidden_dropout, training))

    def _heads(self, name: str, x: E.Tensor) -> E.Tensor:
        """[B, L, H] -> [B, A, L, d]."""
        projected = self._linear(name, x)
        return projected.reshape(x.shape[0], x.shape[1], self.config.heads, self.config.head_size).transpose(1, 2)

    def _linear(self, name: str, x: E.Tensor) -> E.Tensor:
        return E.linear(x, self.parameters[name + ".weight"], self.parameters[name + ".bias"])

    def _norm(self, name: str, x: E.Tensor) -> E.Tensor:
        weight, bias = self.parameters[name + ".weight"], self.parameters[name + ".bias"]
        return E.layer_norm(x, weight, bias, self.config.layer_norm_eps)
