"""results.csv: every result once, no number where there is none, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io

import pytest

from harness.report.facts import cleaned
from harness.report.sheet import COLUMNS, sheet
from tests.harness.report import records
from tests.harness.report.test_records import CASES

Row = dict[str, str]


def lines(record: records.Json) -> list[Row]:
    return list(csv.DictReader(io.StringIO(sheet(cleaned(record)))))


def find(found: list[Row], **wanted: str) -> Row:
    (row,) = (row for row in found if all(row[name] == value for name, value in wanted.items()))
    return row


def test_an_accuracy_has_its_wilson_interval() -> None:
    row = find(lines(records.published()), quantity="accuracy", model="teacher")
    assert (row["of"], row["unit"], row["n"], row["status"]) == ("dev", "share", "872", "measured")
    assert float(row["value"]) == pytest.approx(805 / 872)
    assert float(row["low"]) < 0.91 < 0.935 < float(row["high"])


def test_every_metric_of_every_dev_set() -> None:
    cola, mnli = lines(records.cola()), lines(records.mnli())
    assert find(cola, quantity="mcc", model="change")["unit"] == "coefficient"
    assert find(cola, quantity="accuracy", model="student")["n"] == "1043"
    assert find(mnli, of="mismatched", model="student")["n"] == "9832"
    assert {row["quantity"] for row in lines(records.sts_b())} >= {"corr", "pearson", "spearman"}


def test_a_time_that_does_not_count_has_its_status_and_no_number() -> None:
    found = lines(records.unstable())
    row = find(
        found, cell="torch-cpu-seed1", quantity="forward", model="student", of="engine float32 batch 32, padded to 128"
    )
    assert (row["value"], row["low"], row["high"], row["status"]) == ("", "", "", "unstable")
    valid = find(found, cell="torch-cpu-seed1", quantity="dataset pass", model="teacher")
    assert (valid["value"], valid["unit"], valid["n"], valid["status"]) == ("17.1", "s", "3", "valid")


def test_what_is_missing_is_said() -> None:
    assert {row["status"] for row in lines(records.broken())} == {"not measured"}


@pytest.mark.parametrize("case", CASES)
def test_every_line_has_its_columns(case: str) -> None:
    parsed = list(csv.reader(io.StringIO(sheet(cleaned(getattr(records, case)())))))
    assert tuple(parsed[0]) == COLUMNS
    assert {len(row) for row in parsed} == {len(COLUMNS)}


def test_a_name_is_no_formula() -> None:
    record = records.published()
    record["cells"][0]["name"] = '=HYPERLINK("http://e.example","x")'
    assert {row["cell"] for row in lines(record)} == {'\'=HYPERLINK("http://e.example","x")'}
