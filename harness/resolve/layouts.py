"""Published files that come in another layout than GLUE's, rewritten as GLUE's download script does: MRPC and SNLI."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from harness.errors import InfrastructureError

DEV_IDS = "mrpc_dev_ids.tsv"
MRPC_TRAIN = "msr_paraphrase_train.txt"
MRPC_TEST = "msr_paraphrase_test.txt"
MRPC_TEST_HEADER = "index\t#1 ID\t#2 ID\t#1 String\t#2 String\n"
SNLI_COLUMNS = (
    "captionID",
    "pairID",
    "sentence1_binary_parse",
    "sentence2_binary_parse",
    "sentence1_parse",
    "sentence2_parse",
    "sentence1",
    "sentence2",
    "label1",
    "gold_label",
)
"""GLUE's order; an index stands before them."""


def split_mrpc(raw: Path, to: Path) -> None:
    """Make MRPC's train.tsv, dev.tsv and test.tsv in `to`, as GLUE's download_glue_data.py does.

    A row of the training file whose pair of ids, in that order, is in GLUE's list belongs to the dev set. The header goes into both
    with its byte order mark. The test file carries labels: they are left behind. Raises InfrastructureError.
    """
    with (raw / DEV_IDS).open(encoding="utf-8") as file:
        dev_ids = {tuple(line.strip().split("\t")) for line in file}
    with (
        (raw / MRPC_TRAIN).open(encoding="utf-8") as file,
        _new(to / "train.tsv") as train,
        _new(to / "dev.tsv") as dev,
    ):
        header = file.readline()
        train.write(header)
        dev.write(header)
        for fields in _rows(file, 5, MRPC_TRAIN):
            (dev if (fields[1], fields[2]) in dev_ids else train).write("\t".join(fields) + "\n")
    with (raw / MRPC_TEST).open(encoding="utf-8") as file, _new(to / "test.tsv") as test:
        file.readline()
        test.write(MRPC_TEST_HEADER)
        for index, fields in enumerate(_rows(file, 5, MRPC_TEST)):
            test.write("\t".join([str(index), *fields[1:]]) + "\n")


def relay_snli(raw: Path, to: Path) -> None:
    """Write Stanford's train.tsv and dev.tsv, whose label comes first, with GLUE's columns. Raises InfrastructureError."""
    for name in ("train.tsv", "dev.tsv"):
        with (raw / name).open(encoding="utf-8") as file, _new(to / name) as out:
            header = file.readline().rstrip("\n").split("\t")
            if missing := [column for column in SNLI_COLUMNS if column not in header]:
                raise InfrastructureError(
                    f"SNLI's {name} is another file than the published one: no {', '.join(missing)}"
                )
            places = [header.index(column) for column in SNLI_COLUMNS]
            out.write("\t".join(["index", *SNLI_COLUMNS]) + "\n")
            for index, line in enumerate(file):
                fields = line.rstrip("\n").split("\t")
                fields += [""] * (len(header) - len(fields))  # labels that were not given may be missing at a row's end
                out.write("\t".join([str(index), *(fields[place] for place in places)]) + "\n")


LAYOUTS: dict[str, Callable[[Path, Path], None]] = {"mrpc-split": split_mrpc, "snli-layout": relay_snli}
"""By the name that `suites/tasks.yaml` uses. Each reads a folder of what was downloaded and writes into another."""


def _rows(file: Iterator[str], width: int, name: str) -> Iterator[list[str]]:
    for number, line in enumerate(file, 2):
        fields = line.strip().split("\t")
        if len(fields) != width:
            raise InfrastructureError(
                f"{name} is another file than the published one: line {number} has {len(fields)} fields"
            )
        yield fields


def _new(path: Path) -> TextIO:
    return path.open("w", encoding="utf-8", newline="\n")
