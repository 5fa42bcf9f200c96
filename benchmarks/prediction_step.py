"""Steps of the prediction phase with the teacher's logits kept and with the teacher run anew, in turns: THREADS BATCH LENGTH ROUNDS.

Runs in an engine's environment (`python -m benchmarks.prediction_step ENGINE ...`) and prints seconds as JSON. The teacher is as large as
BERT-base, the student a TinyBERT-4L. What differs is the teacher alone: no term of the layers is computed in either.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np

from tinybert import engine_choice

WARMUP_ROUNDS = 2
OPTIONS = {
    "loss_weights": {"embedding": 1, "hidden": 1, "attention": 1, "prediction": 1}, "temperature": 1.0,
    "hard_label_weight": 0.0, "objective": "scores",
}  # fmt: skip


def main(engine: str, threads: int, batch_size: int, length: int, rounds: int) -> None:
    engine_choice.use(engine)
    from benchmarks.training_models import SHAPES
    from benchmarks.training_step import random_batch
    from tinybert import engine as E
    from tinybert.model.bert import Bert
    from tinybert.model.layer_map import hidden_map
    from tinybert.model.weights import random_weights
    from tinybert.training.distillation import Losses, new_projection
    from tinybert.training.loop import split_decay

    E.setup("cpu", threads)
    teacher, student = (Bert(SHAPES[role], random_weights(SHAPES[role], 1), "cpu") for role in ("teacher", "student"))
    projection = new_projection(SHAPES["student"], SHAPES["teacher"], 1, "cpu")
    losses = Losses(OPTIONS, teacher, student, projection, hidden_map("uniform", 4, 12))
    optimizer = E.Adam(*split_decay(student.parameters), weight_decay=0.01)
    batch = random_batch(batch_size, length)

    def logits() -> np.ndarray:
        with E.no_grad():
            found = teacher.forward(batch).logits
        assert found is not None
        return E.to_numpy(found)

    def step(kept: np.ndarray | None) -> float:
        started_s = time.perf_counter()
        terms = losses.prediction(batch, logits() if kept is None else kept)
        optimizer.zero_grad()
        terms["prediction_loss"].backward()
        E.clip_grad_norm(list(student.parameters.values()), 1.0)
        optimizer.step(2e-5)
        E.synchronize("cpu")
        return time.perf_counter() - started_s

    kept = logits()
    pairs = [(step(kept), step(None)) for _ in range(WARMUP_ROUNDS + rounds)][WARMUP_ROUNDS:]
    print(json.dumps({"cached_s": [cached for cached, _ in pairs], "uncached_s": [uncached for _, uncached in pairs]}))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
