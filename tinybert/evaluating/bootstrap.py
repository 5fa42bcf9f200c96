"""Intervals of scores, and of the student's change against the teacher: the paired percentile bootstrap over rows.

A resample draws as many rows as there are, with replacement, and both models answer the same ones (Efron and Tibshirani 1993, chapters
13 and 16). Where a metric is undefined in a resample, it counts as 0.0, as it does in the value itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tinybert import metrics
from tinybert.metrics import Floats

RESAMPLES = 2000
LEVEL = 0.95
# Resamples are worked off in chunks of about this many rows: 8 MB a float64 array.
CHUNK_ROWS = 1 << 20

ROLES = ("teacher", "student")


def scores(
    names: Sequence[str], logits: Mapping[str, np.ndarray], labels: np.ndarray, seed: int
) -> dict[str, dict[str, dict[str, Any]]]:
    """Role -> metric -> {value, interval: [low, high]} of `teacher`, `student` and `change`, the student's less the teacher's."""
    found = {role: metrics.values(names, logits[role], labels) for role in ROLES}
    values = {role: {name: metrics.or_zero(each[name]) for name in names} for role, each in found.items()}
    values["change"] = {name: values["student"][name] - values["teacher"][name] for name in names}
    resample = _regression if names[0] in metrics.REGRESSION else _classification
    samples = {
        role: {name: np.nan_to_num(each[name]) for name in names}
        for role, each in resample(names, logits, labels, seed).items()
    }
    samples["change"] = {name: samples["student"][name] - samples["teacher"][name] for name in names}
    return {
        role: {name: {"value": values[role][name], "interval": _interval(samples[role][name])} for name in names}
        for role in values
    }


def _interval(samples: Floats) -> list[float]:
    tail = (1 - LEVEL) / 2
    return [float(edge) for edge in np.quantile(samples, [tail, 1 - tail])]


def _classification(
    names: Sequence[str], logits: Mapping[str, np.ndarray], labels: np.ndarray, seed: int
) -> dict[str, dict[str, Floats]]:
    """Role -> metric -> [resamples].

    All that matters of a row is its cell in the table [label][teacher's prediction][student's]; drawing rows with replacement is
    drawing the cells' counts from a multinomial distribution, which takes no time however many rows there are.
    """
    classes = logits["teacher"].shape[1]
    teacher, student = (logits[role].argmax(axis=1) for role in ROLES)
    cells = (labels.astype(np.int64) * classes + teacher) * classes + student
    counts = np.bincount(cells, minlength=classes**3)
    drawn = _generator(seed).multinomial(len(labels), counts / len(labels), RESAMPLES)
    tables = drawn.reshape(RESAMPLES, classes, classes, classes)
    of_role = {"teacher": tables.sum(axis=3), "student": tables.sum(axis=2)}
    return {role: {name: metrics.of_tables(name, each) for name in names} for role, each in of_role.items()}


def _regression(
    names: Sequence[str], logits: Mapping[str, np.ndarray], labels: np.ndarray, seed: int
) -> dict[str, dict[str, Floats]]:
    """Role -> metric -> [resamples]."""
    chunks: dict[str, list[Mapping[str, Floats]]] = {role: [] for role in ROLES}
    for weights in _weights(len(labels), seed):
        for role in ROLES:
            chunks[role].append(metrics.correlations(labels, logits[role][:, 0], weights))
    return {
        role: {name: np.concatenate([chunk[name] for chunk in of_role]) for name in names}
        for role, of_role in chunks.items()
    }


def _weights(rows: int, seed: int) -> Iterator[np.ndarray]:
    """How many times each row stands in each resample, a chunk of resamples at a time: [resamples, rows]."""
    rng = _generator(seed)
    size = max(1, CHUNK_ROWS // rows)
    for first in range(0, RESAMPLES, size):
        count = min(size, RESAMPLES - first)
        drawn = rng.integers(rows, size=(count, rows)) + rows * np.arange(count)[:, None]
        yield np.bincount(drawn.ravel(), minlength=count * rows).reshape(count, rows)


def _generator(seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, 0xB007])
