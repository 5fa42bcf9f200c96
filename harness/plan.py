"""What to run: cells = suite x place (engine, device, container) x seed, and for each its stages in order, each with its spec and key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.keys import CONTRACT, ENGINE_FREE, Conditions, stage_key
from harness.stage_cache import Entry, entry
from harness.stages import NO_AUGMENTATION, earlier_stages
from harness.suite import Profile
from harness.tasks import Task


@dataclass(frozen=True)
class Source:
    """A directory or a file from outside that a stage reads, and the hash of its content."""

    path: Path
    sha256: str


@dataclass(frozen=True)
class Inputs:
    """What was resolved. `data` is None for the embedded sample, `diagnostic` where there is none, `student` where the start takes
    no weights, `vectors` where the teacher's own word embeddings serve, `corpus` where none was given.
    """

    data: Source | None
    diagnostic: Source | None
    teacher: Source
    student: Source | None
    vectors: Source | None = None
    corpus: Source | None = None


@dataclass(frozen=True)
class StagePlan:
    """One stage of a cell: its orders and its place in the cache."""

    stage: str
    spec: dict[str, Any]
    entry: Entry


@dataclass(frozen=True)
class CellPlan:
    name: str
    conditions: Conditions
    stages: tuple[StagePlan, ...]


def plan_cells(
    task: Task, profile: Profile, inputs: Inputs, matrix: Sequence[tuple[Conditions, str]], runs: Path
) -> tuple[CellPlan, ...]:
    """One cell for each pair of conditions and mode of augmentation, or `NO_AUGMENTATION`. Runs nothing and writes nothing."""
    return tuple(_plan_cell(task, profile, inputs, conditions, mode, runs) for conditions, mode in matrix)


def _plan_cell(
    task: Task, profile: Profile, inputs: Inputs, conditions: Conditions, augmentation: str, runs: Path
) -> CellPlan:
    planned: dict[str, StagePlan] = {}
    for stage in profile.stages:
        if stage == "augment" and augmentation == NO_AUGMENTATION:
            continue
        options = _options(stage, profile, inputs, augmentation)
        outside = _outside(stage, inputs)
        earlier = {name: planned[name].entry for name in earlier_stages(stage, options, planned)}
        hashes = {name: source.sha256 for name, source in outside.items()} | {
            name: each.key for name, each in earlier.items()
        }
        key = stage_key(stage, options, task.contract(), hashes, conditions)
        paths = {name: source.path for name, source in outside.items()} | {
            name: each.directory for name, each in earlier.items()
        }
        shared = stage in ENGINE_FREE
        spec = {
            "contract": CONTRACT,
            "stage": stage,
            "key": key,
            "engine": conditions.engine,
            "device": "cpu" if shared else conditions.device,
            "threads": conditions.threads,
            "seed": 0 if shared else conditions.seed,
            "task": task.contract(),
            "inputs": {name: str(path) for name, path in paths.items()},
            "options": options,
        }
        planned[stage] = StagePlan(stage, spec, entry(runs, stage, key))
    name = f"{conditions.container or f'{conditions.engine}-{conditions.device}'}-seed{conditions.seed}"
    if "augment" in planned:
        name += f"-augmented-{augmentation}"
    return CellPlan(name, conditions, tuple(planned.values()))


def _options(stage: str, profile: Profile, inputs: Inputs, augmentation: str) -> dict[str, Any]:
    """The profile's options; for `prepare` completed by where the data comes from, for `augment` by the mode."""
    options = profile.stages[stage]
    if stage == "augment":
        return {**options, "mode": augmentation}
    if stage != "prepare":
        return options
    if inputs.data is None:
        return {**options, "source": "sample"}
    return {**options, "source": "directory", "sample": None}


def _outside(stage: str, inputs: Inputs) -> dict[str, Source]:
    found: dict[str, Source | None] = {}
    if stage == "prepare":
        found = {"weights": inputs.teacher, "data": inputs.data, "diagnostic": inputs.diagnostic}
    elif stage == "teacher":
        found = {"weights": inputs.teacher}
    elif stage == "augment":
        found = {"weights": inputs.teacher, "data": inputs.data, "vectors": inputs.vectors, "corpus": inputs.corpus}
    elif stage == "distill":
        found = {"student_weights": inputs.student}
    return {name: source for name, source in found.items() if source is not None}
