from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import InfrastructureError
from harness.resolve.layouts import relay_snli, split_mrpc

HEADER = "\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String"
PAIRS = [
    ("1", "11", "12", 'He said "so .', "So he said ."),
    ("0", "21", "22", "One .", "Two ."),
    ("1", "12", "11", "A ", " B"),
]


def write(path: Path, lines: list[str], end: str = "\r\n") -> None:
    path.write_bytes("".join(line + end for line in lines).encode())


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    raw, to = tmp_path / "raw", tmp_path / "to"
    raw.mkdir()
    to.mkdir()
    return raw, to


def test_mrpc_is_split_by_the_ids_in_their_order(folders: tuple[Path, Path]) -> None:
    raw, to = folders
    write(raw / "msr_paraphrase_train.txt", [HEADER, *("\t".join(pair) for pair in PAIRS)])
    write(raw / "msr_paraphrase_test.txt", [HEADER, *("\t".join(pair) for pair in PAIRS[:2])])
    write(raw / "mrpc_dev_ids.tsv", ["11\t12", "22\t21"])
    split_mrpc(raw, to)
    header = HEADER.encode() + b"\n"
    assert (to / "dev.tsv").read_bytes() == header + b'1\t11\t12\tHe said "so .\tSo he said .\n'
    assert (to / "train.tsv").read_bytes() == header + b"0\t21\t22\tOne .\tTwo .\n1\t12\t11\tA \t B\n"
    assert (to / "test.tsv").read_bytes().decode() == (
        'index\t#1 ID\t#2 ID\t#1 String\t#2 String\n0\t11\t12\tHe said "so .\tSo he said .\n1\t21\t22\tOne .\tTwo .\n'
    )


def test_mrpc_that_is_another_file_is_named_with_its_line(folders: tuple[Path, Path]) -> None:
    raw, to = folders
    write(raw / "msr_paraphrase_train.txt", [HEADER, "1\t2\t3"])
    write(raw / "mrpc_dev_ids.tsv", ["11\t12"])
    with pytest.raises(InfrastructureError, match=r"msr_paraphrase_train\.txt is another file .* line 2 has 3 fields"):
        split_mrpc(raw, to)


STANFORD = (
    "gold_label\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\tsentence2_parse\tsentence1\tsentence2\t"
    "captionID\tpairID\tlabel1\tlabel2\tlabel3\tlabel4\tlabel5"
)


def test_snli_gets_glues_columns(folders: tuple[Path, Path]) -> None:
    raw, to = folders
    row = "neutral\tb1\tb2\tp1\tp2\tA dog.\tA cat.\tc\tc#1\tneutral"
    write(raw / "train.tsv", [STANFORD, row, row.replace("neutral", "-", 1) + "\tentailment\t\t\t"], "\n")
    write(raw / "dev.tsv", [STANFORD, row + "\tneutral\tneutral\tentailment\tneutral"], "\n")
    relay_snli(raw, to)
    header, first, second = (to / "train.tsv").read_text().splitlines()
    names = header.split("\t")
    assert (names.index("sentence1"), names.index("sentence2"), names[-1], len(names)) == (7, 8, "gold_label", 11)
    assert first.split("\t") == ["0", "c", "c#1", "b1", "b2", "p1", "p2", "A dog.", "A cat.", "neutral", "neutral"]
    assert second.split("\t")[-2:] == ["neutral", "-"]
    assert len((to / "dev.tsv").read_text().splitlines()) == 2


def test_snli_that_is_another_file(folders: tuple[Path, Path]) -> None:
    raw, to = folders
    write(raw / "train.tsv", ["sentence\tlabel"])
    with pytest.raises(InfrastructureError, match=r"train\.tsv is another file .* no captionID"):
        relay_snli(raw, to)
