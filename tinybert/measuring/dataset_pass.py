"""The published timing: the whole dev set once, from its OFRecord file to predictions on the host.

In batches of 32 padded to 128, reading and decoding inside the clock, argmax on the host inside too, as the published 4.04 s and 0.65 s
were taken (pipeline of OneFlow-Model-Compression, task_student_tinybert.py). Mended: every row once, where the published code ran 896
rows for 872, and the clock synchronised with the device at both ends.
"""

from __future__ import annotations

import time
from itertools import islice
from pathlib import Path

import numpy as np

from tinybert import engine as E
from tinybert.data.ofrecord import read_batches
from tinybert.measuring.runtimes import Runtime

WARMUP_BATCHES = 3


def timed_pass(runtime: Runtime, records: Path, batch_size: int, length: int, device: str) -> tuple[float, np.ndarray]:
    """Seconds of one pass, and the predicted labels [rows]."""
    E.synchronize(device)
    begun_s = time.perf_counter()
    predictions = [
        runtime.to_numpy(runtime.logits(runtime.prepare(batch))).argmax(axis=1)
        for batch in read_batches(records, batch_size, length)
    ]
    E.synchronize(device)
    return time.perf_counter() - begun_s, np.concatenate(predictions)


def warm_up(runtime: Runtime, records: Path, batch_size: int, length: int) -> None:
    """The first few batches, untimed."""
    for batch in islice(read_batches(records, batch_size, length), WARMUP_BATCHES):
        runtime.to_numpy(runtime.logits(runtime.prepare(batch)))
