"""What a stage is asked to do: `spec.json`, validated against the contract's schemas."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tinybert.errors import BadInputError

CONTRACT = 1
SCHEMAS = Path(__file__).parent / "contract"
STAGES = ("prepare", "teacher", "distill", "evaluate", "measure", "export")
INPUTS = {
    "prepare": {"weights"},
    "teacher": {"prepare", "weights"},
    "distill": {"prepare", "teacher"},
    "evaluate": {"prepare", "teacher", "distill"},
    "measure": {"prepare"},
    "export": {"prepare", "distill"},
}


@dataclass(frozen=True)
class Columns:
    """Where a task's files hold their texts and label: header names, or 0-based positions."""

    text_a: str | int
    text_b: str | int | None
    label: str | int


@dataclass(frozen=True)
class Task:
    name: str
    labels: tuple[str, ...]
    metric: str
    header: bool
    columns: Columns


@dataclass(frozen=True)
class StageSpec:
    """One stage's orders. `inputs` are existing directories; `options` is valid against `contract/options/STAGE.schema.json`."""

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
    for name, directory in inputs.items():
        if not directory.is_dir():
            raise BadInputError(f"the input {name!r} of the stage {stage} is not a directory: {directory}")
    task = raw["task"]
    return StageSpec(
        stage=stage,
        key=raw["key"],
        engine=raw["engine"],
        device=raw["device"],
        threads=raw["threads"],
        seed=raw["seed"],
        task=Task(task["name"], tuple(task["labels"]), task["metric"], task["header"], Columns(**task["columns"])),
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
