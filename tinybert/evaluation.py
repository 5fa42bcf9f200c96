"""Predictions of a model over a data set, and what they are worth."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from tinybert import artifacts, events, metrics, stop
from tinybert import engine as E
from tinybert.data.batches import collate, evaluation_batches
from tinybert.data.tokens import Tokens
from tinybert.model.bert import Bert

# Long passes are kept in shards of this many rows, so that a kill loses little of them.
SHARD_ROWS = 2048


def predict(model: Bert, tokens: Tokens, rows: np.ndarray, batch_size: int, phase: str | None = None) -> np.ndarray:
    """Logits float32 [rows, labels] in the order of `rows`, every row exactly once; `phase` names the progress events.

    Dropout is off and no graph is built. Raises StopRequestedError between batches when a signal has arrived.
    """
    logits = np.empty((len(rows), len(model.config.labels)), np.float32)
    done = 0
    with E.no_grad():
        for chosen in evaluation_batches(tokens, rows, batch_size):
            output = model.forward(collate(tokens, rows[chosen], None))
            assert output.logits is not None
            logits[chosen] = E.to_numpy(output.logits)
            done += len(chosen)
            if phase:
                events.progress(phase, done, len(rows), "rows")
                stop.check()
    return logits


def predict_in_shards(
    model: Bert, tokens: Tokens, rows: np.ndarray, batch_size: int, directory: Path, phase: str
) -> np.ndarray:
    """As `predict`; finished shards lie below `directory` and are not computed again."""
    shards = [rows[first : first + SHARD_ROWS] for first in range(0, len(rows), SHARD_ROWS)]
    logits = np.empty((len(rows), len(model.config.labels)), np.float32)
    for number, shard in enumerate(shards):
        path = directory / f"{number:05d}.safetensors"
        if path.is_file():
            found = load_file(path)["logits"]
        else:
            place = f"{phase} {number + 1}/{len(shards)}" if len(shards) > 1 else phase
            found = predict(model, tokens, shard, batch_size, place)
            save(path, {"logits": found})
        logits[number * SHARD_ROWS :][: len(shard)] = found
    return logits


def save(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    artifacts.write_atomically(path, lambda target: save_file(dict(arrays), target))


def score(logits: np.ndarray, labels: np.ndarray, metric: str) -> Mapping[str, float]:
    """`score`: the metric, 0.0 where it is undefined; `loss`: mean cross-entropy in nats, of a regression the mean squared error."""
    value = metrics.or_zero(metrics.values((metric,), logits, labels)[metric])
    loss = _squared_error if metric in metrics.REGRESSION else _cross_entropy
    return {"score": value, "loss": loss(logits, labels)}


def _cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(-log_probabilities[np.arange(len(labels)), labels].mean())


def _squared_error(logits: np.ndarray, labels: np.ndarray) -> float:
    return float(((logits[:, 0].astype(np.float64) - labels) ** 2).mean())
