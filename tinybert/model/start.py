"""Where a student's weights start: a general TinyBERT, the teacher's word table projected, or random."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tinybert.model.config import BertConfig
from tinybert.model.weights import Weights, load_weights, random_weights

TABLES = (
    "bert.embeddings.word_embeddings.weight",
    "bert.embeddings.position_embeddings.weight",
    "bert.embeddings.token_type_embeddings.weight",
)


def projected_weights(config: BertConfig, teacher: Weights, seed: int) -> Weights:
    """Random weights whose three embedding tables are the teacher's in its leading right-singular directions.

    With the thin SVD of the teacher's word table T = U S V^T, the student's tables are T_k V[:, :d]: no other d columns keep
    more of T's squared norm (Eckart and Young 1936). A student wider than its teacher keeps its random values in the rest.
    This project's own start: it needs no general distillation (docs/pipeline.md, with what it buys).
    """
    weights = random_weights(config, seed)
    width = min(config.hidden_size, teacher[TABLES[0]].shape[1])
    basis = leading_directions(teacher[TABLES[0]], width)
    for name in TABLES:
        rows = min(len(weights[name]), len(teacher[name]))
        weights[name][:rows, :width] = teacher[name][:rows] @ basis
    return weights


def leading_directions(table: np.ndarray, count: int) -> np.ndarray:
    """The `count` leading right-singular vectors [d, count] of a table [rows, d], by the eigenvectors of its Gram matrix.

    Signs are fixed (largest component positive), so that LAPACK builds agree.
    """
    gram = table.astype(np.float64).T @ table.astype(np.float64)
    _, vectors = np.linalg.eigh(gram)
    basis = vectors[:, ::-1][:, :count]
    signs = np.sign(basis[np.abs(basis).argmax(axis=0), np.arange(basis.shape[1])])
    return np.asarray(basis * signs, dtype=np.float32)


def general_weights(config: BertConfig, directory: Path, seed: int) -> tuple[BertConfig, Weights, list[str]]:
    """A general TinyBERT's weights (Huawei's releases); its own config.json gives the shape. Raises BadInputError as `load_weights`."""
    return load_weights(directory, config.labels, seed)
