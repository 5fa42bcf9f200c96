from __future__ import annotations

import re
from pathlib import Path

import pytest

from tinybert.data.tsv import Layout, Table, read_table
from tinybert.errors import BadInputError


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(
    directory: Path,
    content: str | bytes,
    columns: dict[str, str | int],
    header: bool = True,
    irregular_rows: str = "refuse",
) -> Table:
    return read_table(write(directory / "train.tsv", content), Layout("a task", header, columns, irregular_rows))


SENTENCE: dict[str, str | int] = {"text_a": "sentence", "label": "label"}
POSITIONS = {"text_a": 0, "label": 1}


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False], ids=["ended", "open"])
def test_line_ends_make_no_difference(tmp_path: Path, ending: str, last: bool) -> None:
    content = ending.join(["sentence\tlabel", "so bad \t0", "\t1", ""])
    table = read(tmp_path, content if last else content.removesuffix(ending), SENTENCE)
    assert table == Table({"text_a": ["so bad ", ""], "label": ["0", "1"]}, POSITIONS, [2, 3], 0)


def test_columns_in_any_order_and_a_byte_order_mark(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufefflabel\tx\tsentence\n1\ty\tz\n", SENTENCE).values == {"text_a": ["z"], "label": ["1"]}


def test_columns_by_position(tmp_path: Path) -> None:
    rows = "gj04\t1\t\tOne.\ngj04\t0\t*\tTwo."
    assert read(tmp_path, rows, {"text_a": 3, "label": 1}, header=False).values == {
        "text_a": ["One.", "Two."],
        "label": ["1", "0"],
    }
    assert read(tmp_path, rows, {"text_a": -1, "label": -3}).values == {"text_a": ["Two."], "label": ["0"]}


def test_rows_of_another_number_of_fields(tmp_path: Path) -> None:
    """As the older archive of QQP has them."""
    content = 'sentence\tlabel\none\t1\n"\ntwo\t0\na\tb\tc\n\nthree\t1\n'
    table = read(tmp_path, content, SENTENCE, irregular_rows="leave-out")
    assert table == Table({"text_a": ["one", "two", "three"], "label": ["1", "0", "1"]}, POSITIONS, [2, 4, 7], 3)
    with pytest.raises(BadInputError, match="line 3 has 1 tab-separated fields, line 1 has 2"):
        read(tmp_path, content, SENTENCE)
    with pytest.raises(BadInputError, match="a header and 2 rows of another number of fields"):
        read(tmp_path, "sentence\tlabel\none\ntwo\n", SENTENCE, irregular_rows="leave-out")


def test_longer_rows_where_a_column_is_counted_from_the_end(tmp_path: Path) -> None:
    columns: dict[str, str | int] = {"text_a": "sentence", "label": -1}
    assert read(tmp_path, "sentence\tlabel1\tgold\na\tx\t1\nb\tx\ty\tz\t0\n", columns).values["label"] == ["1", "0"]
    with pytest.raises(BadInputError, match="line 2 has 2 tab-separated fields, line 1 has 3"):
        read(tmp_path, "sentence\tlabel1\tgold\na\t1\n", columns)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"sentence\tlabel\n", "a header and no rows"),
        (b"text\tlabel\na\t1\n", "line 1 has no column 'sentence', but 'text', 'label': is it a task's file?"),
        (b"\n\n", "line 1 has no column 'sentence', but ''"),
        (b"sentence\tlabel\na\tb\t1\n", "line 2 has 3 tab-separated fields, line 1 has 2"),
        (b"sentence\tlabel\na\t1\n\n", "line 3 has 1 tab-separated fields"),
        (b"sentence\tlabel\na\t1\nb\xff\t0\n", "line 3: byte 0xff at offset 20 is not UTF-8"),
        (b"sentence\tlabel\na\t1\nb\0\t0\n", "line 3: byte 0x00 at offset 20"),
        ("sentence\tlabel\na\t1\n".encode("utf-16"), "line 1: byte 0x00 at offset 3"),
        (b"PK\3\4\x14\x00", "line 1: byte 0x00 at offset 5"),
    ],
)
def test_faults_name_file_line_and_what_is_wrong(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(BadInputError, match=re.escape(message)) as raised:
        read(tmp_path, content, SENTENCE)
    assert str(raised.value).startswith(str(tmp_path / "train.tsv"))


@pytest.mark.parametrize("position", [3, -3])
def test_a_position_that_is_not_there(tmp_path: Path, position: int) -> None:
    message = f"line 1 has 2 tab-separated fields, a task has its text_a in column {position}"
    with pytest.raises(BadInputError, match=message):
        read(tmp_path, "a\t1\n", {"text_a": position}, header=False)


def test_a_name_without_a_header(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="has no header: give a task's column text_a by number, not as 'sentence'"):
        read(tmp_path, "a\t1\n", SENTENCE, header=False)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"train\.tsv does not exist"):
        read_table(tmp_path / "train.tsv", Layout("a task", True, SENTENCE, "refuse"))
