"""Checks on the host of what an engine does not check: OneFlow answers an id out of range with zeros, or with an abort."""

from __future__ import annotations

import numpy as np

from tinybert.errors import BadInputError


def check_ids(ids: np.ndarray, vocabulary_size: int) -> None:
    """Raises BadInputError unless 0 <= id < vocabulary_size everywhere."""
    if ids.size and not (int(ids.min()) >= 0 and int(ids.max()) < vocabulary_size):
        raise BadInputError(
            f"token ids run from {ids.min()} to {ids.max()}, the model's vocabulary has {vocabulary_size} rows: "
            "prepare the data with the tokenizer of these weights"
        )


def check_labels(labels: np.ndarray, label_count: int) -> None:
    """Raises BadInputError unless 0 <= label < label_count everywhere."""
    if labels.size and not (int(labels.min()) >= 0 and int(labels.max()) < label_count):
        raise BadInputError(f"labels run from {labels.min()} to {labels.max()}, the task has {label_count}")
