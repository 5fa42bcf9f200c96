from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tinybert.tasks import GLUE, glue, raw_task
from tests.tinybert.tiny import OPTIONS, Project, write_spec
from tinybert.errors import BadInputError
from tinybert.spec import Columns, Scores, load_spec, violations


def test_valid_specification(project: Project, tmp_path: Path) -> None:
    spec = load_spec(write_spec(tmp_path / "out", project.spec("prepare", seed=5)), "prepare")
    assert (spec.stage, spec.seed, spec.options) == ("prepare", 5, OPTIONS["prepare"])
    assert spec.inputs["weights"] == project.weights
    assert spec.task.columns == Columns("sentence", None, "label")


def change(raw: dict[str, Any], **changes: Any) -> None:
    raw.update(changes)


@pytest.mark.parametrize(
    ("edit", "messages"),
    [
        (lambda raw: change(raw, engine="jax"), ["engine: 'jax' is not one of ['oneflow', 'torch']"]),
        (lambda raw: change(raw, contract=2), ["contract: 1 was expected"]),
        (lambda raw: change(raw, stage="evaluate"), ["options: "]),
        (lambda raw: change(raw, stage="export", options={"check_rows": 1}), ["the stage 'export', not 'prepare'"]),
        (lambda raw: change(raw, inputs={}), ["the stage prepare needs the inputs weights"]),
        (lambda raw: raw["inputs"].update(weights="/nowhere"), ["'weights'", "not a directory: /nowhere"]),
        (lambda raw: raw["options"].update(max_length=4, speed=2), ["max_length: 4 is less", "'speed' was unexpected"]),
        (lambda raw: raw["task"].update(labels=[]), ["task.labels: []"]),
        (lambda raw: raw["task"].update(metric="accuracy"), ["task: ", "'metric' was unexpected"]),
        (lambda raw: change(raw, seed=-1, threads=0), ["seed: -1", "threads: 0"]),
    ],
)
def test_every_fault_is_named(
    project: Project, tmp_path: Path, edit: Callable[[dict[str, Any]], object], messages: list[str]
) -> None:
    raw = copy.deepcopy(project.spec("prepare"))
    edit(raw)
    with pytest.raises(BadInputError) as error:
        load_spec(write_spec(tmp_path / "out", raw), "prepare")
    for message in messages:
        assert message in str(error.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"null"])
def test_something_else(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "spec.json"
    path.write_bytes(content)
    with pytest.raises(BadInputError, match=r"spec\.json"):
        load_spec(path, "teacher")


def test_tasks_as_the_stages_see_them() -> None:
    mnli = glue("MNLI")
    assert (mnli.metric, mnli.scores, mnli.is_regression) == ("accuracy", None, False)
    assert list(mnli.dev) == ["matched", "mismatched"]
    assert [(test.name, test.file, test.id) for test in mnli.test] == [
        ("MNLI-m", "test_matched.tsv", "index"),
        ("MNLI-mm", "test_mismatched.tsv", "index"),
        ("AX", "diagnostic.tsv", "index"),
    ]
    stsb = glue("STS-B")
    assert (stsb.metric, stsb.scores, stsb.is_regression) == ("corr", Scores(0, 5), True)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metrics": ["acuracy"]}, "metrics.0: 'acuracy' is not one of"),
        ({"metrics": []}, "metrics: []"),
        ({"scores": {"low": 0}}, "scores: 'high' is a required property"),
        ({"irregular_rows": "mend"}, "irregular_rows: 'mend' is not one of"),
        ({"train": "../train.tsv"}, "train: '../train.tsv' does not match"),
        ({"dev": {}}, "dev: {}"),
        ({"dev": {"Dev 1": "dev.tsv"}}, "dev: 'Dev 1' does not match"),
        ({"test": {"RTE": {"file": "test.tsv"}}}, "test.RTE: 'header' is a required property"),
        ({"test": {"a/b": GLUE["RTE"]["test"]["RTE"]}}, "test: 'a/b' does not match"),
        ({"columns": {"text_a": "sentence", "label": "label"}}, "columns: 'text_b' is a required property"),
    ],
)
def test_every_fault_of_a_task_is_named(changes: dict[str, Any], message: str) -> None:
    assert any(message in violation for violation in violations("task.schema.json", raw_task(**changes)))
