from __future__ import annotations

import re
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tinybert.tasks import glue, make_task
from tinybert.data.examples import Examples, read_examples, read_test
from tinybert.errors import BadInputError
from tinybert.spec import Task

CELL = st.text(st.characters(blacklist_characters="\0\t\n\r", blacklist_categories=["Cs"]), max_size=60)


def read(directory: Path, task: Task, content: str) -> Examples:
    (directory / "train.tsv").write_bytes(content.encode())
    return read_examples(directory / "train.tsv", task)


def scores(*found: str) -> str:
    rows = (f"{row}\tA\tB\t{score}" for row, score in enumerate(found))
    return "\n".join(["index\tsentence1\tsentence2\tscore", *rows])


def test_classes_in_the_order_of_the_task(tmp_path: Path) -> None:
    examples = read(
        tmp_path, glue("RTE"), "index\tsentence1\tsentence2\tlabel\n0\tA\tB\tnot_entailment\n1\tC\t\tentailment"
    )
    assert (examples.text_a, examples.text_b) == (["A", "C"], ["B", ""])
    assert examples.labels.tolist() == [1, 0] and examples.labels.dtype == np.int32
    assert (examples.ids, examples.left_out_rows, examples.irregular_rows) == (None, 0, 0)


def test_quotes_and_odd_line_separators_are_text(tmp_path: Path) -> None:
    text = '"a "" b\' \u2028 \x85 \x0b \U0001f600 שלום'
    examples = read(tmp_path, glue("SST-2"), f'sentence\tlabel\n{text}\t1\n"\t0\n')
    assert examples.text_a == [text, '"'] and examples.text_b is None


@given(st.lists(st.tuples(CELL, st.sampled_from("01")), min_size=1))
def test_any_text_comes_back(rows: list[tuple[str, str]]) -> None:
    content = "sentence\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in rows)
    with tempfile.TemporaryDirectory() as directory:
        examples = read(Path(directory), glue("SST-2"), content)
    assert examples.text_a == [text for text, _ in rows]
    assert examples.labels.tolist() == [int(label) for _, label in rows]


@pytest.mark.parametrize("label", ["2", "", " 1", "1.0", "unknown"])
def test_an_unknown_label(tmp_path: Path, label: str) -> None:
    message = f"train.tsv, line 3 has the label {label!r}; allowed for SST-2: '0', '1'"
    with pytest.raises(BadInputError, match=re.escape(message)):
        read(tmp_path, glue("SST-2"), f"sentence\tlabel\na\t1\nb\t{label}\n")
    with pytest.raises(BadInputError, match="line 2 has the label"):
        read(tmp_path, glue("CoLA"), f"a\t1\t\tb\na\t{label}\tx\tb\n")


def test_scores_are_numbers(tmp_path: Path) -> None:
    examples = read(tmp_path, glue("STS-B"), scores("5.000", "0", "3.8", "2e0"))
    np.testing.assert_array_equal(examples.labels, np.array([5, 0, 3.8, 2], np.float32))
    assert examples.labels.dtype == np.float32


@pytest.mark.parametrize("score", ["5.001", "-0.1", "nan", "inf", "-inf", "", "three", "3,8", "0x3"])
def test_a_score_that_is_none(tmp_path: Path, score: str) -> None:
    message = f"line 3 has the score {score!r}; allowed for STS-B: a number from 0 to 5"
    with pytest.raises(BadInputError, match=re.escape(message)):
        read(tmp_path, glue("STS-B"), scores("1.0", score))


def test_rows_left_out_are_counted(tmp_path: Path) -> None:
    task = make_task(left_out=["-", "?"], irregular_rows="leave-out")
    examples = read(tmp_path, task, "sentence\tlabel\na\t-\nb\t1\nshort\nc\t?\nd\t0\n")
    assert (examples.text_a, examples.labels.tolist()) == (["b", "d"], [1, 0])
    assert (examples.left_out_rows, examples.irregular_rows) == (2, 1)
    with pytest.raises(BadInputError, match="line 4 has the label '2'"):
        read(tmp_path, task, "sentence\tlabel\na\t-\nshort\nb\t2\n")
    with pytest.raises(BadInputError, match="has no row whose label is not '-', '\\?': is it SST-2's file"):
        read(tmp_path, task, "sentence\tlabel\na\t-\nb\t-\n")


def test_snli_rows_of_eleven_and_of_fifteen_fields(tmp_path: Path) -> None:
    """As in https://github.com/nyu-mll/jiant/issues/1073."""
    header = "index\tcaptionID\tpairID\t1\t2\t3\t4\tsentence1\tsentence2\tlabel1\tgold_label"
    front = "\tc\tp\t(\t(\t(\t(\t"
    rows = [f"0{front}A\tB\tneutral\tneutral", f"1{front}C\tD\t-\tneutral\t-\t-\t-\tentailment", f"2{front}E\tF\t-\t-"]
    examples = read(tmp_path, glue("SNLI"), "\n".join([header, *rows]))
    assert (examples.text_a, examples.text_b) == (["A", "C"], ["B", "D"])
    assert (examples.labels.tolist(), examples.left_out_rows) == ([2, 1], 1)


def read_unlabelled(directory: Path, task: Task, content: str) -> Examples:
    (directory / "test.tsv").write_text(content, encoding="utf-8")
    return read_test(directory / "test.tsv", task, task.test[0])


def test_a_test_set_has_ids_and_no_labels(tmp_path: Path) -> None:
    content = "index\tsentence1\tsentence2\n7\tA\tB\n3\tC\tD\n"
    for name, dtype in (("RTE", np.int32), ("STS-B", np.float32)):
        examples = read_unlabelled(tmp_path, glue(name), content)
        assert (examples.ids, examples.text_a, examples.text_b) == (["7", "3"], ["A", "C"], ["B", "D"])
        assert examples.labels.tolist() == [0, 0] and examples.labels.dtype == dtype


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id\tquestion1\n0\tA\n", "line 1 has no column 'question2'"),
        ("question1\tquestion2\nA\tB\n", "line 1 has no column 'id', but 'question1', 'question2': is it QQP's file?"),
        ("id\tquestion1\tquestion2\n0\tA\tB\n1\tA\n", "line 3 has 2 tab-separated fields, line 1 has 3"),
        ("", "is empty"),
    ],
)
def test_faults_of_a_test_set(tmp_path: Path, content: str, message: str) -> None:
    """QQP's irregular rows may be left out of training; a test set's may not."""
    with pytest.raises(BadInputError, match=re.escape(message)):
        read_unlabelled(tmp_path, glue("QQP"), content)
