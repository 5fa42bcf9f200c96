"""One engine's training step of the 4-layer student, timed on request: `python -m benchmarks.training_step ENGINE THREADS BATCH LENGTH`.

Each line on stdin runs a step and answers with its seconds on stdout, so that a caller can take turns between engines.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from tinybert import engine_choice
from tinybert.data.batches import Batch

STUDENT = {"layers": 4, "hidden_size": 312, "heads": 12, "intermediate_size": 1200, "vocab_size": 30522}


def random_batch(batch_size: int, length: int) -> Batch:
    """Rows of `length` / 2 to `length` tokens, padded to `length`."""
    rng = np.random.default_rng(1)
    lengths = rng.integers(length // 2, length + 1, batch_size)
    return Batch(
        input_ids=rng.integers(1000, 30000, (batch_size, length)),
        attention_mask=(np.arange(length) < lengths[:, None]).astype(np.int64),
        segment_ids=np.zeros((batch_size, length), np.int64),
        labels=rng.integers(0, 2, batch_size),
        rows=np.arange(batch_size),
    )


def main(engine: str, threads: int, batch_size: int, length: int) -> None:
    engine_choice.use(engine)
    from tinybert import engine as E
    from tinybert.model.bert import Bert
    from tinybert.model.config import BertConfig
    from tinybert.model.weights import random_weights
    from tinybert.training.loop import split_decay

    E.setup("cpu", threads)
    config = BertConfig(**STUDENT)
    model = Bert(config, random_weights(config, seed=1), "cpu")
    optimizer = E.Adam(*split_decay(model.parameters), weight_decay=0.01)
    batch = random_batch(batch_size, length)
    for step, _ in enumerate(sys.stdin):
        E.synchronize("cpu")
        started_s = time.perf_counter()
        E.seed(step)
        logits = model.forward(batch, training=True).logits
        assert logits is not None
        optimizer.zero_grad()
        E.cross_entropy(logits, E.tensor(batch.labels, "cpu")).backward()
        E.clip_grad_norm(list(model.parameters.values()), 1.0)
        optimizer.step(2e-5)
        E.synchronize("cpu")
        print(time.perf_counter() - started_s, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
