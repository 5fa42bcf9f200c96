"""How far a classifier's confidence is from its accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np

BINS = 10


def calibration(logits: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """The expected calibration error (Guo et al. 2017, eq. 3): sum over bins of |accuracy - mean confidence| times the bin's share of rows.

    Confidence is the top probability, in 10 bins of equal width, each with its upper edge and without its lower one. `bins`: {low, high,
    rows, confidence, accuracy}, the last two None in a bin without rows.
    """
    confidence = top_probabilities(logits)
    correct = logits.argmax(axis=1) == labels
    edges = np.linspace(0, 1, BINS + 1)
    place = np.searchsorted(edges[1:-1], confidence, side="left")
    rows = np.bincount(place, minlength=BINS)
    sums = {
        "confidence": np.bincount(place, confidence, BINS),
        "accuracy": np.bincount(place, correct, BINS),
    }
    gaps = np.abs(sums["accuracy"] - sums["confidence"])
    bins = [
        {
            "low": float(edges[index]),
            "high": float(edges[index + 1]),
            "rows": int(rows[index]),
            **{name: float(each[index] / rows[index]) if rows[index] else None for name, each in sums.items()},
        }
        for index in range(BINS)
    ]
    return {"ece": float(gaps.sum() / len(labels)), "bins": bins}


def top_probabilities(logits: np.ndarray) -> np.ndarray:
    """The largest of each row's softmax, float64 [rows]."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return np.asarray(1 / np.exp(shifted).sum(axis=1))
