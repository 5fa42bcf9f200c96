"""GLUE's metrics in NumPy, of one set of rows or of many resamples of it at once.

A classification's metric is a function of its confusion table [label][prediction]; a regression's of gold and predicted scores, with
a weight for each row. What is undefined (0 / 0) is NaN here, and 0.0 wherever one number must stand (`or_zero`): scikit-learn and GLUE do
so for F1 and Matthews' correlation; for a correlation with constant scores, of which SciPy gives NaN, it is this project's choice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tinybert.errors import BadInputError
from tinybert.spec import Task

CLASSIFICATION = ("accuracy", "f1", "mcc")
REGRESSION = ("corr", "pearson", "spearman")
# A variance below this share of the mean square is that of equal numbers, rounded.
ROUNDING = 1e-12

Floats = NDArray[np.float64]


def check_metrics(task: Task) -> None:
    """Raises BadInputError where a task names a metric that it cannot have."""
    fitting = REGRESSION if task.is_regression else CLASSIFICATION
    if wrong := [name for name in task.metrics if name not in fitting]:
        kind = "a regression" if task.is_regression else "a classification"
        named, allowed = ", ".join(wrong), ", ".join(fitting)
        raise BadInputError(f"{task.name} is {kind}, {named} no metric of one: choose among {allowed}")
    if task.is_regression and len(task.labels) != 1:
        raise BadInputError(f"{task.name} is a regression with {len(task.labels)} labels: name its one output")
    if "f1" in task.metrics and len(task.labels) != 2:
        raise BadInputError(f"{task.name} has {len(task.labels)} labels, f1 is of two: choose accuracy or mcc")


def values(names: Sequence[str], logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Each metric of a model's logits [rows, C] against labels [rows], classes or scores; NaN where it is undefined, or without rows."""
    if not len(labels):
        return dict.fromkeys(names, math.nan)
    if names[0] in REGRESSION:
        found = correlations(labels, logits[:, 0], np.ones((1, len(labels))))
        return {name: float(found[name][0]) for name in names}
    table = confusion(labels, logits.argmax(axis=1), logits.shape[1])
    return {name: float(of_tables(name, table)) for name in names}


def or_zero(value: float) -> float:
    return 0.0 if math.isnan(value) else value


def confusion(labels: np.ndarray, predictions: np.ndarray, classes: int) -> NDArray[np.int64]:
    """Counts [label][prediction]."""
    pairs = labels.astype(np.int64) * classes + predictions
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def of_tables(name: str, tables: np.ndarray) -> Floats:
    """A classification's metric of each confusion table [..., C, C]."""
    counts = tables.astype(np.float64)
    return {"accuracy": accuracy, "f1": f1, "mcc": mcc}[name](counts)


def accuracy(tables: Floats) -> Floats:
    return _ratio(np.trace(tables, axis1=-2, axis2=-1), tables.sum(axis=(-2, -1)))


def f1(tables: Floats) -> Floats:
    """2 TP / (2 TP + FP + FN) of class 1."""
    positives, predicted = tables[..., 1, :].sum(axis=-1), tables[..., :, 1].sum(axis=-1)
    return _ratio(2 * tables[..., 1, 1], positives + predicted)


def mcc(tables: Floats) -> Floats:
    """Matthews' correlation; of more than two classes Gorodkin's R_K (2004), as in scikit-learn."""
    gold, predicted = tables.sum(axis=-1), tables.sum(axis=-2)
    rows = gold.sum(axis=-1)
    covariance = rows * np.trace(tables, axis1=-2, axis2=-1) - (gold * predicted).sum(axis=-1)
    spread = np.sqrt(rows**2 - (gold**2).sum(axis=-1)) * np.sqrt(rows**2 - (predicted**2).sum(axis=-1))
    return _ratio(covariance, spread)


def correlations(gold: np.ndarray, predicted: np.ndarray, weights: np.ndarray) -> dict[str, Floats]:
    """`pearson`, `spearman` and `corr`, their mean, each [R], of scores [N] where row n stands weights[r, n] times."""
    x, y = (each.astype(np.float64) for each in (gold, predicted))
    pearson = _correlation(x - x.mean(), y - y.mean(), weights)
    spearman = _correlation(ranks(x, weights), ranks(y, weights), weights)
    return {"pearson": pearson, "spearman": spearman, "corr": (pearson + spearman) / 2}


def ranks(scores: Floats, weights: np.ndarray) -> Floats:
    """Places from 1 on [R, N] where row n stands weights[r, n] times; equal scores share the mean of theirs."""
    distinct, group = np.unique(scores, return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(len(distinct)))
    sizes = np.add.reduceat(weights[:, order], starts, axis=1)
    return np.asarray((np.cumsum(sizes, axis=1) - (sizes - 1) / 2)[:, group], dtype=np.float64)


def _correlation(x: Floats, y: Floats, weights: np.ndarray) -> Floats:
    """Pearson's, weighted; x, y [N] or [R, N], weights [R, N] -> [R]."""
    rows = weights.sum(axis=-1)

    def mean(each: Floats) -> Floats:
        return np.asarray((weights * each).sum(axis=-1) / rows)

    def centred(each: Floats) -> tuple[Floats, Floats]:
        """With its variance, 0 where all are equal."""
        distances = each - mean(each)[:, None]
        variance = mean(distances**2)
        return distances, np.where(variance <= ROUNDING * mean(each**2), 0.0, variance)

    (dx, vx), (dy, vy) = centred(x), centred(y)
    return _ratio(mean(dx * dy), np.sqrt(vx) * np.sqrt(vy))


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    """NaN where the denominator is 0."""
    return np.asarray(numerator / np.where(denominator == 0, np.nan, denominator))
