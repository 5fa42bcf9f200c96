"""What a stage is asked to do: `spec.json`, validated against the contract's schemas."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tinybert.errors import BadInputError

CONTRACT = 1
SCHEMAS = Path(__file__).parent / "contract"
STAGES = ("prepare", "teacher", "augment", "distill", "evaluate", "measure", "export")
INPUTS = {
    "prepare": {"weights"},
    "teacher": {"prepare", "weights"},
    "augment": {"prepare", "weights"},
    "distill": {"prepare", "teacher"},
    "evaluate": {"prepare", "teacher", "distill"},
    "measure": {"prepare"},
    "export": {"prepare", "distill"},
}
FILES = ("vectors", "corpus")
"""Inputs that are files; all others are directories."""


TRAINED = {"teacher": "teacher", "student": "distill"}
"""Name and role of a trained model -> the stage whose `model/` it is."""


@dataclass(frozen=True)
class Columns:
    """Where a task's files hold their texts and label: header names, or 0-based positions."""

    text_a: str | int
    text_b: str | int | None
    label: str | int


@dataclass(frozen=True)
class Scores:
    """The range of a regression's gold scores."""

    low: float
    high: float


@dataclass(frozen=True)
class TestSet:
    """Rows without labels; `name` is that of the GLUE submission. `id` names the column of the row's number."""

    name: str
    file: str
    header: bool
    id: str | int
    text_a: str | int
    text_b: str | int | None


@dataclass(frozen=True)
class Task:
    """A task as `contract/task.schema.json` describes it. `dev`: name -> file, the first one chooses checkpoints.

    `labels`: the classes in the order of the logits; of a regression (`scores` is given) the one name of its output.
    """

    name: str
    labels: tuple[str, ...]
    scores: Scores | None
    metrics: tuple[str, ...]
    header: bool
    columns: Columns
    left_out: tuple[str, ...]
    irregular_rows: str
    train: str
    dev: Mapping[str, str]
    test: tuple[TestSet, ...]

    @property
    def is_regression(self) -> bool:
        return self.scores is not None

    @property
    def metric(self) -> str:
        """The one that chooses checkpoints and heads the tables."""
        return self.metrics[0]

    @staticmethod
    def of(raw: Mapping[str, Any]) -> Task:
        """From what is valid against the schema."""
        return Task(
            name=raw["name"],
            labels=tuple(raw["labels"]),
            scores=None if raw["scores"] is None else Scores(**raw["scores"]),
            metrics=tuple(raw["metrics"]),
            header=raw["header"],
            columns=Columns(**raw["columns"]),
            left_out=tuple(raw["left_out"]),
            irregular_rows=raw["irregular_rows"],
            train=raw["train"],
            dev=dict(raw["dev"]),
            test=tuple(TestSet(name, **facts) for name, facts in raw["test"].items()),
        )


@dataclass(frozen=True)
class StageSpec:
    """One stage's orders. `inputs` are existing directories, or files (`FILES`); `options` fits `contract/options/STAGE.schema.json`."""

    stage: str
    key: str
    engine: str
    device: str
    threads: int
    seed: int
    task: Task
    inputs: dict[str, Path]
    options: dict[str, Any]


def load_spec(path: Path, stage: str) -> StageSpec:
    """Read and validate a specification.

    Raises BadInputError naming every violation when the file is not JSON, not of this contract, or for another stage.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInputError(f"cannot read the stage specification {path}: {error}") from error
    problems = violations("spec.schema.json", raw)
    if not problems:
        problems = violations(f"options/{raw['stage']}.schema.json", raw["options"], "options")
    if not problems and raw["stage"] != stage:
        problems = [f"it is for the stage {raw['stage']!r}, not {stage!r}"]
    if problems:
        raise BadInputError(f"{path} is not a valid specification: " + "; ".join(problems))
    inputs = {name: Path(directory) for name, directory in raw["inputs"].items()}
    if missing := INPUTS[stage] - inputs.keys():
        raise BadInputError(f"{path}: the stage {stage} needs the inputs {', '.join(sorted(missing))}")
    for name, place in inputs.items():
        kind, is_there = ("file", place.is_file()) if name in FILES else ("directory", place.is_dir())
        if not is_there:
            raise BadInputError(f"the input {name!r} of the stage {stage} is not a {kind}: {place}")
    return StageSpec(
        stage=stage,
        key=raw["key"],
        engine=raw["engine"],
        device=raw["device"],
        threads=raw["threads"],
        seed=raw["seed"],
        task=Task.of(raw["task"]),
        inputs=inputs,
        options=raw["options"],
    )


def violations(schema_name: str, value: Any, where: str = "") -> list[str]:
    """Every violation of one of the contract's schemas, as `path: message`."""
    schema = json.loads((SCHEMAS / schema_name).read_text(encoding="utf-8"))
    task = Resource.from_contents(json.loads((SCHEMAS / "task.schema.json").read_text(encoding="utf-8")))
    validator = Draft202012Validator(schema, registry=Registry().with_resource("task.schema.json", task))
    errors = sorted(validator.iter_errors(value), key=lambda error: list(map(str, error.absolute_path)))
    return [
        f"{'.'.join([where, *map(str, error.absolute_path)]).strip('.') or 'top level'}: {error.message}"
        for error in errors
    ]
