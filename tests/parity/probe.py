"""One implementation's answer to one batch: `python -m tests.parity.probe IMPLEMENTATION MODEL BATCH.npz OUT.npz`.

IMPLEMENTATION: an engine's name, or `transformers`. The answer: logits, hidden states, attention scores before mask and softmax, and
the gradients of a loss that depends on all of them: cross-entropy plus the mean squares of what stands at real tokens.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np

from tinybert import engine_choice

Arrays = dict[str, np.ndarray]


def through_the_seam(engine: str, model: Path, batch: Arrays) -> Arrays:
    engine_choice.use(engine)
    from tinybert import engine as E
    from tinybert.data.batches import Batch
    from tinybert.model.bert import Bert, Features
    from tinybert.model.weights import load_weights

    E.setup("cpu", threads=2)
    config, weights, _ = load_weights(model, ("0", "1"), seed=1)
    bert = Bert(config, weights, "cpu")
    layers = range(config.layers)
    output = bert.forward(
        Batch(**batch, rows=np.arange(len(batch["labels"]))), Features([*layers, config.layers], layers)
    )
    assert output.logits is not None
    tokens, pairs = (E.tensor(weight, "cpu") for weight in _real(batch))
    loss = E.cross_entropy(output.logits, E.tensor(batch["labels"], "cpu"))
    for state in output.hidden.values():
        loss = loss + (state * state * tokens).mean()
    for scores in output.scores.values():
        loss = loss + (scores * scores * pairs).mean()
    E.backward(loss)
    answer = {"loss": E.to_numpy(loss), "logits": E.to_numpy(output.logits)}
    answer |= {f"hidden.{index}": E.to_numpy(state) for index, state in output.hidden.items()}
    answer |= {f"scores.{layer}": E.to_numpy(scores) for layer, scores in output.scores.items()}
    return answer | {f"gradient.{name}": E.to_numpy(value.grad) for name, value in bert.parameters.items()}


def through_transformers(model: Path, batch: Arrays) -> Arrays:
    import torch
    from transformers import BertForSequenceClassification

    bert = BertForSequenceClassification.from_pretrained(model, attn_implementation="eager").eval()
    projected: dict[tuple[str, int], torch.Tensor] = {}
    for index, layer in enumerate(bert.bert.encoder.layer):
        for role in ("query", "key"):
            hook = _keeper(projected, (role, index))
            getattr(layer.attention.self, role).register_forward_hook(hook)
    tensors = {name: torch.tensor(array) for name, array in batch.items()}
    output = bert(
        input_ids=tensors["input_ids"],
        attention_mask=tensors["attention_mask"],
        token_type_ids=tensors["segment_ids"],
        labels=tensors["labels"],
        output_hidden_states=True,
    )
    heads = bert.config.num_attention_heads

    def split(x: torch.Tensor) -> torch.Tensor:
        return x.view(*x.shape[:2], heads, -1).transpose(1, 2)

    scores = []
    for index in range(bert.config.num_hidden_layers):
        query, key = split(projected["query", index]), split(projected["key", index])
        scores.append(query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1]))
    tokens, pairs = map(torch.tensor, _real(batch))
    loss = output.loss + sum((state**2 * tokens).mean() for state in output.hidden_states)
    loss = loss + sum((each**2 * pairs).mean() for each in scores)
    loss.backward()
    answer = {"loss": loss, "logits": output.logits}
    answer |= {f"hidden.{index}": state for index, state in enumerate(output.hidden_states)}
    answer |= {f"scores.{layer}": each for layer, each in enumerate(scores)}
    answer |= {f"gradient.{name}": value.grad for name, value in bert.named_parameters()}
    return {name: value.detach().numpy() for name, value in answer.items()}


def _keeper(kept: dict[tuple[str, int], Any], key: tuple[str, int]) -> Any:
    def hook(_module: Any, _inputs: Any, output: Any) -> None:
        kept[key] = output

    return hook


def _real(batch: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """Weights of real tokens [B, L, 1], and of pairs of them [B, 1, L, L]."""
    real = batch["attention_mask"].astype(np.float32)
    return real[:, :, None], real[:, None, :, None] * real[:, None, None, :]


def main(implementation: str, model: str, batch: str, out: str) -> None:
    arrays = dict(np.load(batch))
    answer = (
        through_transformers(Path(model), arrays)
        if implementation == "transformers"
        else through_the_seam(implementation, Path(model), arrays)
    )
    np.savez(out, **answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
