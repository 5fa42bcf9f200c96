"""Predictions of a model over a data set, and what they are worth."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tinybert import engine as E
from tinybert import events, stop
from tinybert.data.batches import collate, evaluation_batches
from tinybert.data.tokens import Tokens
from tinybert.model.bert import Bert


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


def score(logits: np.ndarray, labels: np.ndarray) -> Mapping[str, float]:
    """`accuracy`, and `loss`: the mean cross-entropy in nats."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -log_probabilities[np.arange(len(labels)), labels].mean()
    return {"accuracy": float((logits.argmax(axis=1) == labels).mean()), "loss": float(loss)}
