"""The made-up records are what the contract says, so that the report is tested on the real shape."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from harness.paths import CONTRACT
from tests.harness.report import measurements, records, tasks

CASES = (
    "two_engines", "embedded_sample", "published", "broken", "geometry", "unstable", "seeds", "cola", "mnli", "sts_b", "hostile",
)  # fmt: skip


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


@pytest.mark.parametrize("task", ["sst_2", "cola", "mnli", "sts_b"])
def test_tasks_follow_the_contract(task: str) -> None:
    schema = Draft202012Validator(json.loads((CONTRACT / "task.schema.json").read_text(encoding="utf-8")))
    assert list(schema.iter_errors(getattr(tasks, task)())) == []


@pytest.mark.parametrize("case", CASES)
def test_counts_add_up(case: str) -> None:
    for cell in getattr(records, case)()["cells"]:
        for entry in cell["stages"]:
            for dev_set in entry["result"]["details"].get("dev_sets", ()) if entry["result"] else ():
                if counts := dev_set["counts"]:
                    parts = ("both", "only_teacher", "only_student", "neither")
                    assert sum(counts[part] for part in parts) == counts["rows"] == dev_set["rows"]
                    for role in ("teacher", "student"):
                        matrix = dev_set["confusion"][role]
                        assert sum(matrix[n][n] for n in range(len(matrix))) == counts[role]
                        assert sum(map(sum, matrix)) == counts["rows"]
                        assert sum(each["rows"] for each in dev_set["calibration"][role]["bins"]) == counts["rows"]
                assert sum(each["rows"] for each in dev_set["by_length"]) == dev_set["rows"]
