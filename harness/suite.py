"""A suite: one YAML file that says what to run. Validated whole: every fault at once, with its line."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.paths import NO_SUITES, SUITES
from harness.schema_check import nearest
from harness.stages import STAGES
from harness.suite_rules import suite_problems
from harness.tasks import Task, load_tasks
from harness.yaml_file import load_yaml

ALL = "all"
"""In the place of a name: every task of the table that has a suite."""


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
    return sorted(path.stem for path in SUITES.glob("*.yaml") if path not in NO_SUITES)


def named(text: str) -> list[str]:
    """What TASK= asks for: names of tasks and suites with commas, or `all`; each once, in the order given.

    Raises UsageError for every name that is none, with the nearest, and where there is no name at all.
    """
    known = _known()
    wanted: list[str] = []
    problems = []
    for name in filter(None, map(str.strip, text.split(","))):
        if name.lower() == ALL:
            wanted += [task for task in load_tasks() if task.lower() in known]
        elif name.lower() in known:
            wanted.append(known[name.lower()])
        else:
            problems.append(f"unknown task {name!r}{nearest(name, (*known.values(), ALL))}")
    if problems or not wanted:
        told = problems or [f"TASK={text} names no task"]
        raise UsageError("\n".join([*told[:-1], f"{told[-1]}; known: {', '.join(known.values())}, or {ALL}"]))
    return list(dict.fromkeys(wanted))


def find_suite(name: str) -> Suite:
    """The suite of one task, or by its own name, whatever the case. Raises UsageError with the nearest name."""
    (found,) = named(name)[:1]
    return load_suite(SUITES / f"{found.lower()}.yaml")


def load_suite(path: Path) -> Suite:
    """Read and validate a suite. Raises UsageError with one line for every fault."""
    file = load_yaml(path)
    tasks = load_tasks()
    if problems := suite_problems(file, tasks):
        raise UsageError("\n".join(sorted(dict.fromkeys(problems), key=_line)))
    value = file.value
    return Suite(
        name=path.stem,
        path=path,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        summary=value["summary"],
        task=tasks[value["task"]],
        profiles={name: _profile(name, profile) for name, profile in value["profiles"].items()},
    )


def _known() -> dict[str, str]:
    """What a suite is called for, by the name in small letters: the task's name where it is a task's suite, else its own."""
    tasks = {task.lower(): task for task in load_tasks()}
    return {name: tasks.get(name, name) for name in suite_names()}


def _profile(name: str, value: dict[str, Any]) -> Profile:
    stages = {stage: value["stages"][stage] for stage in STAGES if stage in value["stages"]}
    return Profile(**value | {"name": name, "stages": stages})


def _line(problem: str) -> int:
    """The line in `file:line: message`; the sort is stable, so faults of one line keep their order."""
    found = re.search(r":(\d+): ", problem)
    return int(found[1]) if found else 0
