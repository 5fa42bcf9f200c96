"""Which teacher layer each student layer learns from. Hidden states are numbered 0 (the embeddings) to the depth."""

from __future__ import annotations

from collections.abc import Sequence

from tinybert.errors import BadInputError


def hidden_map(kind: str | Sequence[int], student_layers: int, teacher_layers: int) -> tuple[int, ...]:
    """Teacher hidden state for the student's 0..M; 0 -> 0 and, but for `bottom`, M -> N.

    `uniform`: m -> m N / M (TinyBERT, section 3.1), rounded half up where M does not divide N: 6 layers for 4 give 0, 2, 3, 5, 6.
    `top`: m -> m + N - M; `bottom`: m -> m (section 4.6). A list is taken as it is.
    Raises BadInputError for a list of the wrong length, out of range or decreasing, and for a student deeper than its teacher.
    """
    m, n = student_layers, teacher_layers
    if not isinstance(kind, str):
        chosen = tuple(kind)
        if len(chosen) != m + 1 or list(chosen) != sorted(chosen) or not all(0 <= layer <= n for layer in chosen):
            raise BadInputError(
                f"layer_map {list(chosen)}: a student of {m} layers under a teacher of {n} "
                f"needs {m + 1} numbers from 0 to {n} that do not decrease"
            )
        return chosen
    if m > n:
        raise BadInputError(
            f"layer_map {kind}: the student has {m} layers, its teacher {n}; give a list of {m + 1} teacher layers"
        )
    if kind == "uniform":
        return tuple((2 * layer * n + m) // (2 * m) for layer in range(m + 1))
    if kind == "top":
        return (0, *range(n - m + 1, n + 1))
    return tuple(range(m + 1))


def attention_map(hidden: Sequence[int]) -> tuple[int, ...]:
    """Teacher layer (from 0) whose scores the student's layers 0..M-1 learn: the one that makes the mapped hidden state.

    Where M divides N this is the published i k + k - 1: 2, 5, 8, 11 for a 4-layer student of BERT-base.
    """
    return tuple(max(layer - 1, 0) for layer in hidden[1:])
