"""The table of tasks, `suites/tasks.yaml`: what a task's published files look like and where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.paths import TASKS
from harness.schema_check import contract_validator, nearest, validator, violations
from harness.yaml_file import load_yaml

_CHECKSUM = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_COUNT = {"type": "integer", "minimum": 1}
_SOURCE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["folder", "files", "archive"],
    "properties": {
        "folder": {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"},
        "files": {
            "type": "object",
            "additionalProperties": False,
            "required": ["train.tsv", "dev.tsv"],
            "properties": {
                name: {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["rows", "bytes", "sha256"],
                    "properties": {"rows": _COUNT, "bytes": _COUNT, "sha256": _CHECKSUM},
                }
                for name in ("train.tsv", "dev.tsv")
            },
        },
        "archive": {
            "type": "object",
            "additionalProperties": False,
            "required": ["url", "bytes", "sha256"],
            "properties": {"url": {"type": "string", "pattern": "^https://"}, "bytes": _COUNT, "sha256": _CHECKSUM},
        },
    },
}


@dataclass(frozen=True)
class PublishedFile:
    """A file of the published data set. `rows` counts examples, without the header."""

    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Archive:
    """The published download: a zip file that holds the task's folder."""

    url: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Task:
    """A row of the table. `folder`: below DATA_ROOT and in the archive; `files`: published facts by name."""

    name: str
    labels: tuple[str, ...]
    metric: str
    header: bool
    columns: dict[str, str | int | None]
    folder: str
    files: dict[str, PublishedFile]
    archive: Archive

    def contract(self) -> dict[str, Any]:
        """The task as a stage's spec holds it (`task.schema.json`)."""
        return {
            "name": self.name,
            "labels": list(self.labels),
            "metric": self.metric,
            "header": self.header,
            "columns": dict(self.columns),
        }


def load_tasks(path: Path = TASKS) -> dict[str, Task]:
    """Every task by name. Raises UsageError naming every violation when the table is not valid."""
    file = load_yaml(path)
    if not isinstance(file.value, dict):
        raise UsageError(f"{path}: a mapping of task names is wanted")
    problems = list(file.problems)
    tasks = {}
    for name, row in file.value.items():
        if not isinstance(row, dict):
            problems.append(f"{file.at((name,))}: {name}: a mapping is wanted")
            continue
        source = {key: row[key] for key in row if key in _SOURCE_SCHEMA["properties"]}
        contract = {"name": name, **{key: row[key] for key in row if key not in source}}
        found = violations(contract_validator("task.schema.json"), file, (name,), contract)
        found += violations(validator(_SOURCE_SCHEMA), file, (name,), source)
        problems += found
        if not found:
            tasks[name] = _task(contract, source)
    if problems:
        raise UsageError("\n".join(problems))
    return tasks


def find_task(name: str) -> Task:
    """A task by its name, whatever its case. Raises UsageError with the nearest name."""
    tasks = load_tasks()
    for known, task in tasks.items():
        if known.lower() == name.lower():
            return task
    raise UsageError(f"unknown task {name!r}{nearest(name, tasks)}; known tasks: {', '.join(tasks)}")


def _task(contract: dict[str, Any], source: dict[str, Any]) -> Task:
    return Task(
        name=contract["name"],
        labels=tuple(contract["labels"]),
        metric=contract["metric"],
        header=contract["header"],
        columns=contract["columns"],
        folder=source["folder"],
        files={name: PublishedFile(**facts) for name, facts in source["files"].items()},
        archive=Archive(**source["archive"]),
    )
