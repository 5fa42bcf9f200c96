"""What makes a timing believable: synchronisation that waits, predictions that agree, and the machine's own ceiling."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinybert import engine as E
from tinybert.data.batches import collate, evaluation_batches
from tinybert.data.tokens import Tokens
from tinybert.evaluation import predict, score
from tinybert.measuring.inputs import forward_batches
from tinybert.measuring.orders import Orders
from tinybert.measuring.runtimes import Runtime
from tinybert.model.bert import Bert
from tinybert.model.weights import load_weights

# After a synchronisation that waits, fetching the result of long work takes a copy's time, not the work's.
FETCH_SHARE = 0.1
PROOF = {"cpu": (1024, 12), "cuda": (4096, 40)}
"""(side of a square matrix, how many products in a chain): tens of milliseconds of work."""
PEAK_SIDE = {"cpu": 2048, "cuda": 8192}
PEAK_TRIALS = 5
# A prediction may differ from the reference's where the reference itself is undecided: where its two best logits lie closer than so
# many standard deviations of all logits. Rounding in float32; 8 bits of mantissa; 8 bits in all.
UNDECIDED = {"float32": 1e-3, "bfloat16": 0.1, "int8": 0.3}
BATCH = 32


@dataclass(frozen=True)
class Synchronization:
    """A chain of products: ms until it was issued, until `synchronize` returned, and that fetching its result took after that."""

    proved: bool
    issued_ms: float
    synchronized_ms: float
    fetched_ms: float


def prove_synchronization(device: str) -> Synchronization:
    """`E.synchronize` must have waited: nothing is left to wait for when the result is fetched."""
    side, count = PROOF[device.partition(":")[0]]
    square = np.full((side, side), 1.0 / side, np.float32)
    linear = E.inference_linear(square, np.zeros(side, np.float32), "float32", device)
    x = E.inference_tensor(square, "float32", device)
    with E.no_grad():
        E.to_numpy(linear(x, False)[:1, :1])
        begun_s = time.perf_counter()
        for _ in range(count):
            x = linear(x, False)
        issued_s = time.perf_counter()
        E.synchronize(device)
        synchronized_s = time.perf_counter()
        E.to_numpy(x[:1, :1])
    fetched_s = time.perf_counter() - synchronized_s
    waited_s = synchronized_s - begun_s
    return Synchronization(
        fetched_s < FETCH_SHARE * (waited_s + fetched_s), (issued_s - begun_s) * 1e3, waited_s * 1e3, fetched_s * 1e3
    )


def matrix_peak(precision: str, device: str) -> dict[str, Any]:
    """The fastest of a few large square products by the engine's linear layer: 10^9 operations a second."""
    side = PEAK_SIDE[device.partition(":")[0]]
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((side, side), np.float32)
    linear = E.inference_linear(weight, np.zeros(side, np.float32), precision, device)
    x = E.inference_tensor(weight, precision, device)
    seconds = []
    with E.no_grad():
        for _ in range(1 + PEAK_TRIALS):
            E.synchronize(device)
            begun_s = time.perf_counter()
            linear(x, False)
            E.synchronize(device)
            seconds.append(time.perf_counter() - begun_s)
    how = f"{side} x {side} x {side} product by the engine's linear layer, fastest of {PEAK_TRIALS}"
    return {"gflop_per_s": 2 * side**3 / min(seconds[1:]) / 1e9, "how": how}


def compare_predictions(orders: Orders, runtime: Runtime, tokens: Tokens) -> dict[str, Any]:
    """The timed path against the one that evaluates: `bert.py` in float32, on the rows of each cell's first batch.

    MLPerf's TEST01 asks the same of its performance mode. `different` counts rows whose prediction differs although the reference is
    decided; `agreement` is the share of rows with the same prediction, decided or not. Scores of a regression are the same where they
    are no farther apart than undecided logits.
    """
    cells = {cell: forward_batches(tokens, *cell, orders.seed)[0] for cell in orders.cells}
    rows = np.unique(np.concatenate([batch.rows for batch in cells.values()]))
    config, weights, _ = load_weights(Path(orders.directory), orders.labels, seed=0)
    reference = predict(Bert(config, weights, orders.device), tokens, rows, BATCH)
    undecided = UNDECIDED[orders.precision] * float(reference.std())
    checked = different = same = 0
    for batch in cells.values():
        logits = runtime.to_numpy(runtime.logits(runtime.prepare(batch)))
        equal, decided = _compared(logits, reference[np.searchsorted(rows, batch.rows)], undecided)
        checked += len(equal)
        same += int(equal.sum())
        different += int((~equal & decided).sum())
    return {"rows": checked, "different": different, "agreement": same / checked}


def dev_score(orders: Orders, runtime: Runtime, tokens: Tokens) -> dict[str, Any]:
    """Of the timed path in its precision, over every dev row once: the task's metric, and the SHA-256 of the predictions, int32 classes
    or float32 scores.
    """
    logits = np.empty((len(tokens), len(orders.labels)), np.float32)
    for rows in evaluation_batches(tokens, np.arange(len(tokens)), BATCH):
        logits[rows] = runtime.to_numpy(runtime.logits(runtime.prepare(collate(tokens, rows, None))))
    predictions = logits[:, 0] if logits.shape[1] == 1 else logits.argmax(axis=1).astype(np.int32)
    digest = hashlib.sha256(np.ascontiguousarray(predictions).tobytes()).hexdigest()
    return {"score": score(logits, tokens.labels, orders.metric)["score"], "predictions_sha256": digest}


def _compared(logits: np.ndarray, reference: np.ndarray, undecided: float) -> tuple[np.ndarray, np.ndarray]:
    """Of logits [rows, C]: which rows have the same prediction, and in which the reference is decided."""
    if reference.shape[1] == 1:
        return np.abs(logits - reference)[:, 0] <= undecided, np.ones(len(reference), bool)
    margins = np.diff(np.sort(reference, axis=1)[:, -2:], axis=1)[:, 0]
    return logits.argmax(axis=1) == reference.argmax(axis=1), margins > undecided
