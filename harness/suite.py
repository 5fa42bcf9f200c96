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
from harness.tasks import Task, find_task, load_tasks
from harness.yaml_file import Where, YamlFile, load_yaml

STAGES = ("prepare", "teacher", "distill", "evaluate", "measure", "export")

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
                        "required": list(STAGES),
                        "properties": {stage: {"type": "object"} for stage in STAGES},
                    },
                },
            },
        },
    },
}


@dataclass(frozen=True)
class Profile:
    """One amount of work. `stages` holds each stage's options; `prepare` lacks `source`, which the resolved data decides.

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
            raise UsageError(
                f"{self.path}: unknown profile {name!r}{nearest(name, self.profiles)}; this suite has: {', '.join(self.profiles)}"
            )
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
    if isinstance(value.get("task"), str) and value["task"] not in tasks:
        problems.append(f"{file.at(('task',))}: task: unknown task {value['task']!r}{nearest(value['task'], tasks)}; known: {', '.join(tasks)}")
    for name, profile in _mappings(value.get("profiles")):
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
        profiles={name: Profile(name=name, **profile) for name, profile in value["profiles"].items()},
    )


def _stage_problems(file: YamlFile, where: Where, stage: str, options: dict[str, Any]) -> list[str]:
    checker = contract_validator(f"options/{stage}.schema.json")
    if stage != "prepare":
        found = violations(checker, file, where, options)
        return found if found or stage != "distill" else _distill_problems(file, where, options)
    if "source" in options:
        return [f"{file.at((*where, 'source'))}: {'.'.join(map(str, where))}: source is not chosen here: it follows from the data found"]
    return violations(checker, file, where, {"source": "sample", **options})


def _distill_problems(file: YamlFile, where: Where, options: dict[str, Any]) -> list[str]:
    """What a schema cannot say about a valid set of options: how they fit together."""
    name = ".".join(map(str, where))
    problems = []
    student = options["student"]
    if student["hidden_size"] % student["heads"]:
        problems.append(
            f"{file.at((*where, 'student'))}: {name}.student: hidden_size {student['hidden_size']} must be a multiple of heads {student['heads']}"
        )
    phases = {"two-phase": ("intermediate", "prediction"), "joint": ("joint",)}[options["schedule"]]
    for phase in ("intermediate", "prediction", "joint"):
        if phase in phases and options[phase] is None:
            problems.append(f"{file.at((*where, phase))}: {name}.{phase}: the schedule {options['schedule']} needs it, and it is null")
        if phase not in phases and options[phase] is not None:
            problems.append(f"{file.at((*where, phase))}: {name}.{phase}: the schedule {options['schedule']} does not use it: write null")
    layer_map = options["layer_map"]
    if isinstance(layer_map, list):
        if len(layer_map) != student["layers"] + 1:
            problems.append(
                f"{file.at((*where, 'layer_map'))}: {name}.layer_map: {student['layers'] + 1} entries are wanted"
                f" (the embeddings and {student['layers']} layers), it has {len(layer_map)}"
            )
        elif sorted(set(layer_map)) != layer_map:
            problems.append(f"{file.at((*where, 'layer_map'))}: {name}.layer_map: the teacher's layers must increase")
    return problems


def _start_problems(file: YamlFile, name: str, profile: dict[str, Any]) -> list[str]:
    """The general start needs weights, and no other start uses any."""
    distill = dict(_mappings(profile.get("stages"))).get("distill", {})
    where, weights = ("profiles", name, "student_weights"), profile.get("student_weights")
    if distill.get("start") == "general" and "student_weights" in profile and weights is None:
        return [f"{file.at(where)}: profiles.{name}.student_weights: the start general needs the weights of a general TinyBERT"]
    if distill.get("start") in ("projected", "random") and weights is not None:
        return [f"{file.at(where)}: profiles.{name}.student_weights: the start {distill['start']} does not use them: write null"]
    return []


def _line(problem: str) -> int:
    """The line in `file:line: message`; the sort is stable, so faults of one line keep their order."""
    found = re.search(r":(\d+): ", problem)
    return int(found[1]) if found else 0


def _mappings(value: Any) -> list[tuple[str, dict[str, Any]]]:
    """The items of a mapping that are mappings themselves; what is not was reported by the schema."""
    return [(key, child) for key, child in value.items() if isinstance(child, dict)] if isinstance(value, dict) else []
