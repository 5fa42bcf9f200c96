"""The made-up records are what the contract says, so that the report is tested on the real shape."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from harness.paths import CONTRACT
from tests.harness.report import measurements, records

CASES = ("two_engines", "embedded_sample", "published", "broken", "geometry", "unstable", "seeds", "hostile")


@pytest.mark.parametrize("case", CASES)
def test_results_follow_the_contract(case: str) -> None:
    schema = Draft202012Validator(json.loads((CONTRACT / "result.schema.json").read_text(encoding="utf-8")))
    for cell in getattr(records, case)()["cells"]:
        for entry in cell["stages"]:
            if entry["result"]:
                assert list(schema.iter_errors(entry["result"])) == []


def test_parameters_are_the_known_counts() -> None:
    shapes = (measurements.BERT_BASE, records.MINILM, measurements.TINYBERT, measurements.TINYBERT_6L)
    counted = [measurements.parameters(shape)["encoder"] for shape in shapes]
    assert counted == [109_482_240, 22_713_216, 14_350_248, 66_955_008]


@pytest.mark.parametrize("case", CASES)
def test_counts_add_up(case: str) -> None:
    for cell in getattr(records, case)()["cells"]:
        for entry in cell["stages"]:
            if entry["stage"] == "evaluate":
                m, confusion = entry["result"]["metrics"], entry["result"]["details"]["confusion"]
                assert (
                    m["both_correct"] + m["only_teacher_correct"] + m["only_student_correct"] + m["neither_correct"]
                    == m["rows"]
                )
                for role in ("teacher", "student"):
                    assert confusion[role][0][0] + confusion[role][1][1] == m[f"{role}_correct"]
                    assert sum(map(sum, confusion[role])) == m["rows"]
