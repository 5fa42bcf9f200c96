"""What the stages `teacher` and `distill` write, made up: metrics, series, details."""

from __future__ import annotations

import math
from typing import Any

Json = dict[str, Any]


def teacher(score: float) -> tuple[Json, Json, Json]:
    train = [
        ["teacher", step, 32 * step, _decay(step, 0.69, 0.18, 300), 5e-5 * (1 - step / 1250)]
        for step in range(20, 1251, 20)
    ]
    dev = [["teacher", step, score - 0.03 * (1250 - step) / 1250, 0.34 - step / 1e4] for step in (312, 625, 937, 1250)]
    return (
        {"dev_score": score, "best_step": 1250, "steps": 1250, "train_rows": 20000, "rows_per_s": 109.4},
        {
            "train": {"columns": ["phase", "step", "rows", "loss", "learning_rate"], "rows": train},
            "dev": {"columns": ["phase", "step", "score", "loss"], "rows": dev},
        },
        {},
    )


def distill(score: float, start: str, teacher_layers: int) -> tuple[Json, Json, Json]:
    hidden = [0, 3, 6, 9, 12] if teacher_layers == 12 else [0, 1, 3, 4, 6]
    train: list[list[Any]] = []
    for step in range(20, 1251, 20):
        terms = [_decay(step, 0.9, 0.05, 200), _decay(step, 1.9, 0.42, 400), _decay(step, 5.2, 1.6, 350)]
        train.append(["intermediate", step, 32 * step, sum(terms), *terms, None, 3e-4 * (1 - step / 1250)])
    for step in range(20, 1876, 20):
        loss = _decay(step, 0.35, 0.12, 500)
        train.append(["prediction", step, 32 * step, loss, None, None, None, loss, 1e-4 * (1 - step / 1876)])
    steps = (312, 625, 937, 1250, 1562, 1875)
    dev = [
        [
            "prediction",
            step,
            score - 0.04 * (1562 - step) / 1562 if step < 1562 else score - (step - 1562) / 1e5,
            0.4,
        ]
        for step in steps
    ]
    columns = [
        "phase",
        "step",
        "rows",
        "loss",
        "embedding_loss",
        "hidden_loss",
        "attention_loss",
        "prediction_loss",
        "learning_rate",
    ]
    return (
        {
            "start_dev_score": 0.509,
            "dev_score": score,
            "best_step": 1562,
            "steps": 3125,
            "train_rows": 20000,
            "intermediate_rows_per_s": 168.2,
            "prediction_rows_per_s": 331.0,
        },
        {
            "train": {"columns": columns, "rows": train},
            "dev": {"columns": ["phase", "step", "score", "loss"], "rows": dev},
        },
        {
            "start": start,
            "schedule": "two-phase",
            "objective": "masked-scores",
            "layer_map": {"hidden": hidden, "attention": [layer - 1 for layer in hidden[1:]]},
        },
    )


def _decay(step: int, first: float, last: float, half: float) -> float:
    """A curve with a little wave on it, so that a chart has something to show."""
    return last + (first - last) * math.exp(-step / half) * (1 + 0.12 * math.sin(step / 17))
