from __future__ import annotations

import pytest

from tinybert.errors import BadInputError
from tinybert.model.layer_map import attention_map, hidden_map


@pytest.mark.parametrize(
    ("kind", "student", "teacher", "hidden", "attention"),
    [
        ("uniform", 4, 12, (0, 3, 6, 9, 12), (2, 5, 8, 11)),
        ("uniform", 6, 12, (0, 2, 4, 6, 8, 10, 12), (1, 3, 5, 7, 9, 11)),
        ("uniform", 4, 6, (0, 2, 3, 5, 6), (1, 2, 4, 5)),
        ("uniform", 4, 4, (0, 1, 2, 3, 4), (0, 1, 2, 3)),
        ("uniform", 1, 12, (0, 12), (11,)),
        ("top", 4, 12, (0, 9, 10, 11, 12), (8, 9, 10, 11)),
        ("top", 4, 6, (0, 3, 4, 5, 6), (2, 3, 4, 5)),
        ("bottom", 4, 12, (0, 1, 2, 3, 4), (0, 1, 2, 3)),
        ([0, 1, 4, 6, 12], 4, 12, (0, 1, 4, 6, 12), (0, 3, 5, 11)),
        ([0, 1, 1, 2], 3, 2, (0, 1, 1, 2), (0, 0, 1)),
        ([0, 0, 2], 2, 2, (0, 0, 2), (0, 1)),
    ],
)
def test_map(
    kind: str | list[int], student: int, teacher: int, hidden: tuple[int, ...], attention: tuple[int, ...]
) -> None:
    assert hidden_map(kind, student, teacher) == hidden
    assert attention_map(hidden) == attention


@pytest.mark.parametrize("teacher", range(1, 13))
@pytest.mark.parametrize("kind", ["uniform", "top"])
def test_map_runs_from_the_embeddings_to_the_teachers_last_layer(kind: str, teacher: int) -> None:
    for student in range(1, teacher + 1):
        hidden = hidden_map(kind, student, teacher)
        assert hidden[0] == 0
        assert hidden[-1] == teacher
        assert list(hidden) == sorted(set(hidden))


@pytest.mark.parametrize(
    ("kind", "student", "teacher"),
    [
        ([0, 3, 6, 9], 4, 12),
        ([0, 3, 6, 9, 13], 4, 12),
        ([-1, 3, 6, 9, 12], 4, 12),
        ([0, 6, 3, 9, 12], 4, 12),
        ("uniform", 6, 4),
        ("top", 6, 4),
        ("bottom", 6, 4),
    ],
)
def test_impossible_map_is_bad_input(kind: str | list[int], student: int, teacher: int) -> None:
    with pytest.raises(BadInputError, match=rf"layer_map .*{student} layers.*{teacher}"):
        hidden_map(kind, student, teacher)
