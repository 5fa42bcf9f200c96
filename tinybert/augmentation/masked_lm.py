"""BERT's masked language model, ready for inference: the most likely words in the place of one masked position of each query.

Against a pass of the whole model: the last layer, the head and its product with the vocabulary are computed at the masked position
alone, equal queries once, and queries of like length go together. Shapes: n queries, B rows of a batch, H width, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tinybert import engine as E
from tinybert.augmentation.masked_lm_weights import BIAS, DENSE, NORM, decoder_of
from tinybert.data.batches import Batch, Rows, collate
from tinybert.data.tokens import Tokens, offsets_of
from tinybert.errors import BadInputError
from tinybert.model.config import BertConfig
from tinybert.model.inference import Encoder


@dataclass(frozen=True, eq=False)
class Query:
    """`[CLS] A [SEP]` or `[CLS] A [SEP] B [SEP]` with [MASK] at `position`; `first_length`: ids before B, all where there is none."""

    input_ids: Sequence[int] | np.ndarray
    first_length: int
    position: int


class MaskedLM:
    """Ask `E.inference_absence(precision, device)` first whether there is such a one."""

    def __init__(self, config: BertConfig, weights: Mapping[str, np.ndarray], device: str, precision: str) -> None:
        """`weights`: an encoder's and its head's (`masked_lm_weights`).

        The head is float32 in every precision: a product a query, beside a hundred and more of the encoder's, and bfloat16 would
        round the scores of neighbours in rank to the same number.
        """
        self.config = config
        self._encoder = Encoder(config, weights, device, precision)
        self._transform, self._decoder = (
            E.inference_linear(weight, bias, "float32", device)
            for weight, bias in (
                (weights[f"{DENSE}.weight"], weights[f"{DENSE}.bias"]),
                (decoder_of(weights), weights[BIAS]),
            )
        )
        self._gain, self._shift = (
            E.inference_tensor(weights[f"{NORM}.{part}"], "float32", device) for part in ("weight", "bias")
        )

    def scores(self, batch: Batch, positions: np.ndarray) -> E.Tensor:
        """float32 [B, V], the logits at `positions` (int64 [B]), perhaps still being computed. Hold `E.no_grad()`."""
        states = E.as_float32(self._encoder.states(self._encoder.prepare(batch, positions)))
        x = E.layer_norm(self._transform(states, True), self._gain, self._shift, self.config.layer_norm_eps)
        return self._decoder(x, False)

    def best(
        self, queries: Sequence[Query], count: int, batch_tokens: int, report: Callable[[int], None]
    ) -> np.ndarray:
        """The `count` likeliest ids of each query, best first, of equal scores the lower id first: int32 [n, count].

        A batch has at most `batch_tokens` positions, padding included, or one row. `report` is called after each batch with the
        queries done so far, and may raise to stop. What a query is answered depends on the queries beside it through rounding alone.
        Raises BadInputError for ids beyond the vocabulary and queries longer than the position table, ValueError for a position
        outside its query.
        """
        result = np.empty((len(queries), count), np.int32)
        if not queries:
            return result
        distinct, origin = _distinct(queries)
        tokens, positions = self._tokens(distinct), np.array([query.position for query in distinct], np.int64)
        found, answered = np.empty((len(distinct), count), np.int32), np.bincount(origin)
        done = 0
        with E.no_grad():
            for rows in _batches(tokens.lengths, batch_tokens):
                found[rows] = _best(self.scores(collate(tokens, rows, None), positions[rows]), count)
                done += int(answered[rows].sum())
                report(done)
        np.take(found, origin, axis=0, out=result)
        return result

    def _tokens(self, queries: Sequence[Query]) -> Tokens:
        lengths = np.array([len(query.input_ids) for query in queries])
        if (longest := int(lengths.max())) > self.config.max_positions:
            raise BadInputError(
                f"a query of {longest} tokens, but the model has {self.config.max_positions} positions: cut the text"
            )
        for query, length in zip(queries, lengths, strict=True):
            if not 0 <= query.position < length:
                raise ValueError(f"the position {query.position} is outside its query of {length} tokens")
        ids = np.concatenate([np.asarray(query.input_ids, np.int64) for query in queries])
        E.check_ids(ids, self.config.vocab_size)
        first_lengths = np.array([query.first_length for query in queries])
        return Tokens(ids, offsets_of(lengths), first_lengths, np.zeros(len(queries), np.int32))


def _distinct(queries: Sequence[Query]) -> tuple[list[Query], np.ndarray]:
    """Each different query once, and which of them each query is: int64 [n]."""
    numbers: dict[tuple[bytes, int, int], int] = {}
    distinct: list[Query] = []
    origin = np.empty(len(queries), np.int64)
    for place, query in enumerate(queries):
        key = (np.asarray(query.input_ids, np.int64).tobytes(), query.first_length, query.position)
        if (number := numbers.setdefault(key, len(distinct))) == len(distinct):
            distinct.append(query)
        origin[place] = number
    return distinct, origin


def _batches(lengths: np.ndarray, batch_tokens: int) -> Iterator[Rows]:
    """Rows of like length together, the longest first: what does not fit into memory fails at once."""
    order = np.argsort(-lengths, kind="stable")
    first = 0
    while first < len(order):
        rows = max(1, batch_tokens // int(lengths[order[first]]))
        yield order[first : first + rows]
        first += rows


def _best(scores: E.Tensor, count: int) -> np.ndarray:
    values, ids = (E.to_numpy(part) for part in E.topk(scores, count))
    return np.take_along_axis(ids, np.lexsort((ids, -values)), axis=1).astype(np.int32)
