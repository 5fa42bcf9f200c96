"""A suite: one YAML file that says what to run. Validated whole: every fault at once, with its line."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.paths import SUITES, TASKS
from harness.schema_check import contract_validator, nearest, validator, violations
from harness.stages import STAGES, earlier_stages
from harness.tasks import Task, find_task, load_tasks
from harness.yaml_file import Where, YamlFile, load_yaml

PHASES = {"two-phase": ("intermediate", "prediction"), "joint": ("joint",)}
"""The training phases of each distillation schedule."""

_SUITE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["task", "summary", "profiles"],
    "properties": {
        "task": {"type": "string"},
        "summary": {"type": "string"},
        "profiles": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["summary", "teacher_weights", "student_weights", "stages"],
                "properties": {
                    "summary": {"type": "string"},
                    "teacher_weights": {"type": "string", "minLength": 1},
                    "student_weights": {"type": ["string", "null"], "minLength": 1},
                    "stages": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["prepare"],
                        "properties": {stage: {"type": "object"} for stage in STAGES},
                    },
                },
            },
        },
    },
}


@dataclass(frozen=True)
class Profile:
    """One amount of work. `stages` holds the options of the stages it runs, in their order, without prepare's `source`: the data
    found decides it.

    `teacher_weights` and `student_weights` name the weights to start from: a package, a hub name or a directory.
    """

    name: str
    summary: str
    teacher_weights: str
    student_weights: str | None
    stages: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Suite:
    """`sha256` is the file's."""

    name: str
    path: Path
    sha256: str
    summary: str
    task: Task
    profiles: dict[str, Profile]

    def profile(self, name: str) -> Profile:
        """Raises UsageError with the nearest name."""
        if name not in self.profiles:
            known = ", ".join(self.profiles)
            raise UsageError(f"{self.path}: unknown profile {name!r}{nearest(name, self.profiles)}; it has: {known}")
        return self.profiles[name]


def suite_names() -> list[str]:
    return sorted(path.stem for path in SUITES.glob("*.yaml") if path != TASKS)


def find_suite(task: str) -> Suite:
    """The suite of a task, by the task's name. Raises UsageError with the nearest name."""
    known = {name: SUITES / f"{name}.yaml" for name in suite_names()}
    path = known.get(task.lower())
    if path is None:
        find_task(task)
        raise UsageError(f"no suite for the task {task!r}; suites: {', '.join(known)}")
    return load_suite(path)


def load_suite(path: Path) -> Suite:
    """Read and validate a suite. Raises UsageError with one line for every fault."""
    file = load_yaml(path)
    problems = list(file.problems)
    problems += violations(validator(_SUITE_SCHEMA), file, (), file.value)
    value = file.value if isinstance(file.value, dict) else {}
    tasks = load_tasks()
    task = value.get("task")
    if isinstance(task, str) and task not in tasks:
        problems.append(
            _fault(file, ("task",), f"unknown task {task!r}{nearest(task, tasks)}; known: {', '.join(tasks)}")
        )
    for name, profile in _mappings(value.get("profiles")):
        problems += _missing_stages(file, ("profiles", name, "stages"), profile.get("stages"))
        for stage, options in _mappings(profile.get("stages")):
            if stage in STAGES:
                problems += _stage_problems(file, ("profiles", name, "stages", stage), stage, options)
        problems += _start_problems(file, name, profile)
    if problems:
        raise UsageError("\n".join(sorted(dict.fromkeys(problems), key=_line)))
    return Suite(
        name=path.stem,
        path=path,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        summary=value["summary"],
        task=tasks[value["task"]],
        profiles={name: _profile(name, profile) for name, profile in value["profiles"].items()},
    )


def _profile(name: str, value: dict[str, Any]) -> Profile:
    stages = {stage: value["stages"][stage] for stage in STAGES if stage in value["stages"]}
    return Profile(**value | {"name": name, "stages": stages})


def _missing_stages(file: YamlFile, where: Where, stages: Any) -> list[str]:
    """A stage whose earlier ones the profile leaves out has nothing to read."""
    present = dict(_mappings(stages))
    problems = []
    for stage in (each for each in STAGES if each in present):
        if missing := [each for each in earlier_stages(stage, present[stage]) if each not in present]:
            hint = ", or models of its own" if stage == "measure" else ""
            problems.append(_fault(file, (*where, stage), f"it needs the stages {', '.join(missing)}{hint}"))
    return problems


def _fault(file: YamlFile, where: Where, message: str) -> str:
    return f"{file.at(where)}: {'.'.join(map(str, where))}: {message}"


def _stage_problems(file: YamlFile, where: Where, stage: str, options: dict[str, Any]) -> list[str]:
    checker = contract_validator(f"options/{stage}.schema.json")
    if stage == "prepare":
        if "source" in options:
            return [_fault(file, (*where, "source"), "not chosen here: it follows from the data found")]
        if "sample" in options and options["sample"] is None:
            return [
                _fault(
                    file, (*where, "sample"), "the size of the embedded sample is wanted, for where no data is found"
                )
            ]
        return violations(checker, file, where, {"source": "sample", **options})
    found = violations(checker, file, where, options)
    return found if found or stage != "distill" else _distill_problems(file, where, options)


def _distill_problems(file: YamlFile, where: Where, options: dict[str, Any]) -> list[str]:
    """What a schema cannot say about a valid set of options: how they fit together."""
    problems = []
    student, schedule, layer_map = options["student"], options["schedule"], options["layer_map"]
    if student["hidden_size"] % student["heads"]:
        message = f"hidden_size {student['hidden_size']} must be a multiple of heads {student['heads']}"
        problems.append(_fault(file, (*where, "student"), message))
    for phase in ("intermediate", "prediction", "joint"):
        is_used = phase in PHASES[schedule]
        if is_used and options[phase] is None:
            problems.append(_fault(file, (*where, phase), f"the schedule {schedule} needs it, and it is null"))
        if not is_used and options[phase] is not None:
            problems.append(_fault(file, (*where, phase), f"the schedule {schedule} does not use it: write null"))
    if isinstance(layer_map, list):
        wanted = student["layers"] + 1
        if len(layer_map) != wanted:
            message = f"{wanted} entries are wanted (the embeddings and each layer), it has {len(layer_map)}"
            problems.append(_fault(file, (*where, "layer_map"), message))
        if sorted(layer_map) != layer_map:
            problems.append(_fault(file, (*where, "layer_map"), "the teacher's layers must not decrease"))
    return problems


def _start_problems(file: YamlFile, name: str, profile: dict[str, Any]) -> list[str]:
    """The general start needs weights, and no other start uses any."""
    where, weights = ("profiles", name, "student_weights"), profile.get("student_weights")
    start = dict(_mappings(profile.get("stages"))).get("distill", {}).get("start")
    if start == "general" and "student_weights" in profile and weights is None:
        return [_fault(file, where, "the start general needs the weights of a general TinyBERT")]
    if start in ("projected", "random") and weights is not None:
        return [_fault(file, where, f"the start {start} does not use them: write null")]
    return []


def _line(problem: str) -> int:
    """The line in `file:line: message`; the sort is stable, so faults of one line keep their order."""
    found = re.search(r":(\d+): ", problem)
    return int(found[1]) if found else 0


def _mappings(value: Any) -> list[tuple[str, dict[str, Any]]]:
    """The items of a mapping that are mappings themselves; what is not was reported by the schema."""
    return [(key, child) for key, child in value.items() if isinstance(child, dict)] if isinstance(value, dict) else []
