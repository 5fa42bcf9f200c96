"""What teacher and student look at in one dev row: their attention, layer beside layer, for the eye."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tinybert import engine as E
from tinybert.data.batches import collate
from tinybert.data.tokens import Tokens
from tinybert.evaluating.dev_set import DevSet
from tinybert.model.bert import Bert, Features

# A longer row's map is too fine to read on a page.
MOST_TOKENS = 20
DECIMALS = 3


def attention(
    models: Mapping[str, Bert], tokens: Tokens, dev: DevSet, vocabulary: Sequence[str], teacher_layers: Sequence[int]
) -> dict[str, Any] | None:
    """`details.attention` (docs/contract.md) of one row of the dev set; None where every row has more than 20 tokens.

    teacher_layers: for each layer of the student the teacher's that it learned from, both from 0.
    """
    row = chosen_row(dev)
    if row is None:
        return None
    layers = {"teacher": list(teacher_layers), "student": list(range(len(teacher_layers)))}
    first, last = tokens.offsets[row : row + 2]
    return {
        "row": row,
        "tokens": [vocabulary[each] for each in tokens.input_ids[first:last]],
        "layers": layers,
        "maps": {role: _maps(model, tokens, row, layers[role]) for role, model in models.items()},
    }


def chosen_row(dev: DevSet) -> int | None:
    """The first row that fits and that the student alone gets wrong; where there is none, or of a regression, the first that fits."""
    fitting = dev.lengths <= MOST_TOKENS
    answers = dev.answers
    wrong = fitting & (answers["teacher"] == dev.labels) & (answers["student"] != dev.labels)
    rows = np.flatnonzero(wrong if dev.logits["teacher"].shape[1] > 1 and wrong.any() else fitting)
    return int(rows[0]) if len(rows) else None


def _maps(model: Bert, tokens: Tokens, row: int, layers: Sequence[int]) -> list[list[list[float]]]:
    """[layer][query][key]: the softmax of the scores, averaged over the heads, rounded; each query's sum to 1."""
    with E.no_grad():
        output = model.forward(collate(tokens, np.array([row]), None), Features(scores=set(layers), logits=False))
    maps = []
    for layer in layers:
        scores = E.to_numpy(output.scores[layer])[0].astype(np.float64)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares = (weights / weights.sum(axis=-1, keepdims=True)).mean(axis=0)
        maps.append(shares.round(DECIMALS).tolist())
    return maps
