"""The order of lines in `train_aug.tsv`, by hand."""

from __future__ import annotations

from tinybert.augmentation.table import lines_of


def test_one_text() -> None:
    lines = list(lines_of(["good film", "1"], (0,), [["fine film", "good movie"]], keep_last=True))
    assert lines == [["good film", "1"], ["fine film", "1"], ["good movie", "1"]]


def test_a_pair_as_the_published_code_writes_it() -> None:
    """It changes the row in place: text A stays its last variant in text B's turn, and that row is there twice."""
    lines = list(lines_of(["a", "b", "0"], (0, 1), [["a1", "a2"], ["b1"]], keep_last=True))
    assert lines == [["a", "b", "0"], ["a1", "b", "0"], ["a2", "b", "0"], ["a2", "b", "0"], ["a2", "b1", "0"]]


def test_a_pair_with_text_a_as_it_was() -> None:
    lines = list(lines_of(["x", "b", "a", "0"], (-2, 1), [["a1"], ["b1", "b2"]], keep_last=False))
    assert lines == [
        ["x", "b", "a", "0"],
        ["x", "b", "a1", "0"],
        ["x", "b1", "a", "0"],
        ["x", "b2", "a", "0"],
    ]
