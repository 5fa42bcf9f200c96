from __future__ import annotations

import re
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinybert.data.tsv import read_examples
from tinybert.errors import BadInputError
from tinybert.spec import Columns, Task

SST2 = Task("SST-2", ("0", "1"), "accuracy", True, Columns("sentence", None, "label"))
CELL = st.text(st.characters(blacklist_characters="\0\t\n\r", blacklist_categories=["Cs"]), max_size=60)


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False], ids=["ended", "open"])
def test_line_ends_make_no_difference(tmp_path: Path, sst2: Task, ending: str, last: bool) -> None:
    content = ending.join(["sentence\tlabel", "so bad \t0", "\t1", ""])
    examples = read_examples(write(tmp_path / "train.tsv", content if last else content.removesuffix(ending)), sst2)
    assert examples.text_a == ["so bad ", ""]
    assert examples.text_b is None
    assert examples.labels.tolist() == [0, 1] and examples.labels.dtype == np.int32


def test_quotes_and_odd_line_separators_are_text(tmp_path: Path, sst2: Task) -> None:
    text = '"a "" b\' \u2028 \x85 \x0b \U0001f600 שלום'
    examples = read_examples(write(tmp_path / "train.tsv", f'sentence\tlabel\n{text}\t1\n"\t0\n'), sst2)
    assert examples.text_a == [text, '"']


def test_columns_by_number_in_a_file_without_header(tmp_path: Path, cola: Task) -> None:
    examples = read_examples(write(tmp_path / "dev.tsv", "gj04\t1\t\tOne.\ngj04\t0\t*\tTwo."), cola)
    assert examples.text_a == ["One.", "Two."]
    assert examples.labels.tolist() == [1, 0]


def test_pairs_and_a_byte_order_mark(tmp_path: Path, rte: Task) -> None:
    content = "\ufeffsentence1\tindex\tsentence2\tlabel\nA\t0\tB\tnot_entailment\n"
    examples = read_examples(write(tmp_path / "train.tsv", content), rte)
    assert (examples.text_a, examples.text_b, examples.labels.tolist()) == (["A"], ["B"], [1])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"sentence\tlabel\n", "a header and no rows"),
        (b"text\tlabel\na\t1\n", "line 1 has no column 'sentence', but 'text', 'label'"),
        (b"sentence\tlabel\na\t1\nb\n", "line 3 has 1 tab-separated fields, line 1 has 2"),
        (b"sentence\tlabel\na\tb\t1\n", "line 2 has 3 tab-separated fields, line 1 has 2"),
        (b"sentence\tlabel\na\t1\n\n", "line 3 has 1 tab-separated fields"),
        (b"sentence\tlabel\na\t1\nb\t2\n", "line 3 has the label '2'; allowed for SST-2: '0', '1'"),
        (b"sentence\tlabel\na\t1\nb\xff\t0\n", "line 3: byte 0xff at offset 20 is not UTF-8"),
        (b"sentence\tlabel\na\t1\nb\0\t0\n", "line 3: byte 0x00 at offset 20"),
    ],
)
def test_faults_name_file_line_and_what_is_wrong(tmp_path: Path, sst2: Task, content: bytes, message: str) -> None:
    path = write(tmp_path / "train.tsv", content)
    with pytest.raises(BadInputError, match=re.escape(message)) as raised:
        read_examples(path, sst2)
    assert str(raised.value).startswith(str(path))


def test_faults_of_columns_by_number(tmp_path: Path, cola: Task) -> None:
    with pytest.raises(BadInputError, match="line 1 has 2 tab-separated fields, CoLA has its text_a in column 3"):
        read_examples(write(tmp_path / "train.tsv", "a\t1\n"), cola)
    with pytest.raises(BadInputError, match="line 2 has the label 'x'"):
        read_examples(write(tmp_path / "train.tsv", "a\t1\t\tb\na\tx\t\tb\n"), cola)
    named = Task("CoLA", ("0", "1"), "accuracy", False, Columns("sentence", None, 1))
    with pytest.raises(BadInputError, match="have no header"):
        read_examples(write(tmp_path / "train.tsv", "a\t1\t\tb\n"), named)


def test_a_missing_file(tmp_path: Path, sst2: Task) -> None:
    with pytest.raises(BadInputError, match=r"train\.tsv does not exist"):
        read_examples(tmp_path / "train.tsv", sst2)


@given(st.lists(st.tuples(CELL, st.sampled_from("01")), min_size=1))
def test_any_text_comes_back(rows: list[tuple[str, str]]) -> None:
    content = "sentence\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in rows)
    with tempfile.TemporaryDirectory() as directory:
        examples = read_examples(write(Path(directory) / "train.tsv", content), SST2)
    assert examples.text_a == [text for text, _ in rows]
    assert examples.labels.tolist() == [int(label) for _, label in rows]


def test_published_row_counts(real_sst2: Path, sst2: Task) -> None:
    counts = {split: len(read_examples(real_sst2 / f"{split}.tsv", sst2)) for split in ("train", "dev")}
    assert counts == {"train": 67349, "dev": 872}
