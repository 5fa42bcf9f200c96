"""The table of tasks, `suites/tasks.yaml`: what a task's published files look like and where they come from."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from harness.errors import UsageError
from harness.paths import TASKS
from harness.schema_check import contract_validator, nearest, validator, violations
from harness.task_schema import SOURCE
from harness.yaml_file import YamlFile, load_yaml


@dataclass(frozen=True)
class PublishedFile:
    """What is known of a published file; None where nobody has published it. `rows`: examples, without those left out."""

    rows: int | None
    bytes: int | None
    sha256: str | None
    md5: str | None


@dataclass(frozen=True)
class Download:
    """One published download: either a zip file that is unpacked, or a file that is saved under a name.

    `unpack`: the members' path, a `*` in the place of a file's stem (`SST-2/*.tsv`). `save_as`: the file's name.
    """

    url: str
    bytes: int
    sha256: str
    unpack: str | None = None
    save_as: str | None = None

    def member(self, name: str) -> str:
        """Where the zip file holds the file `name`."""
        assert self.unpack is not None
        return self.unpack.replace("*", PurePosixPath(name).stem)


@dataclass(frozen=True)
class Published:
    """A folder of published files. `folder`: its name below DATA_ROOT; `optional`: files that a run can do without; `made_by`: how
    the downloads become the files, None where they are the files.
    """

    folder: str
    files: dict[str, PublishedFile]
    optional: tuple[str, ...]
    downloads: tuple[Download, ...]
    made_by: Literal["mrpc-split", "snli-layout"] | None


@dataclass(frozen=True)
class Task:
    """A row of the table. `raw` is valid against the contract's `task.schema.json`; `diagnostic`: a test set in a folder of its own;
    `has_sample`: whether the embedded sample may stand in for it.
    """

    name: str
    raw: dict[str, Any]
    published: Published
    diagnostic: Published | None
    has_sample: bool

    def contract(self) -> dict[str, Any]:
        """The task as a stage's spec holds it (`task.schema.json`)."""
        return copy.deepcopy(self.raw)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The first one chooses checkpoints and heads the tables."""
        return tuple(self.raw["metrics"])

    @property
    def required_files(self) -> tuple[str, ...]:
        """Those of training and of the dev sets, by their names in the task's folder."""
        return (self.raw["train"], *self.raw["dev"].values())


@cache
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
        source = {key: row[key] for key in row if key in SOURCE["properties"]}
        raw = {"name": name, **{key: row[key] for key in row if key not in source}}
        found = violations(contract_validator("task.schema.json"), file, (name,), raw)
        found += violations(validator(SOURCE), file, (name,), source)
        found = found or list(_misfits(file, name, raw, source))
        problems += found
        if not found:
            tasks[name] = _task(raw, source)
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


def _task(raw: dict[str, Any], source: dict[str, Any]) -> Task:
    return Task(
        name=raw["name"],
        raw=raw,
        published=_published(source, (raw["train"], *raw["dev"].values())),
        diagnostic=None
        if source["diagnostic"] is None
        else _published(source["diagnostic"], source["diagnostic"]["files"]),
        has_sample=source["sample"],
    )


def _published(value: dict[str, Any], required: Collection[str]) -> Published:
    return Published(
        folder=value["folder"],
        files={name: PublishedFile(**facts) for name, facts in value["files"].items()},
        optional=tuple(name for name in value["files"] if name not in required),
        downloads=tuple(Download(**each) for each in value["downloads"]),
        made_by=value["made_by"],
    )


_CORRELATIONS = ("corr", "pearson", "spearman")


def _misfits(file: YamlFile, name: str, raw: dict[str, Any], source: dict[str, Any]) -> Iterator[str]:
    """What a schema cannot say about a valid row: how its parts fit together."""

    def fault(key: str, message: str) -> str:
        return f"{file.at((name, key))}: {name}.{key}: {message}"

    named = {raw["train"], *raw["dev"].values(), *(test["file"] for test in raw["test"].values())}
    diagnostic = source["diagnostic"] or {"files": {}}
    listed = source["files"].keys() | diagnostic["files"].keys()
    for missing in sorted(named - listed):
        yield fault("files", f"missing {missing}, which the task reads")
    for unused in sorted(listed - named):
        yield fault("files", f"{unused} is no file of train, dev or test")
    if source["files"].keys() & diagnostic["files"].keys():
        yield fault("diagnostic", "its files need names of their own")
    if not raw["header"] and any(isinstance(column, str) for column in raw["columns"].values()):
        yield fault("columns", "the files have no header: give positions, from 0")
    if both := sorted(set(raw["labels"]) & set(raw["left_out"])):
        yield fault("left_out", f"{', '.join(both)} stands among the labels, too")
    for metric in raw["metrics"]:
        if (metric in _CORRELATIONS) != (raw["scores"] is not None):
            yield fault(
                "metrics", f"{metric} is no metric of a {'classification' if metric in _CORRELATIONS else 'regression'}"
            )
        if metric in ("f1", "mcc") and len(raw["labels"]) != 2:
            yield fault("metrics", f"{metric} needs two labels")
    if raw["scores"] is not None and len(raw["labels"]) != 1:
        yield fault("labels", "a regression has one output, whose name it gives")
    for each in (source, diagnostic):
        for download in each.get("downloads", ()):
            if ("unpack" in download) == ("save_as" in download):
                yield fault("downloads", f"{download['url']}: either unpack or save_as is wanted")
