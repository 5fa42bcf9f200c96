"""What a record says about each of its cells, read once into named facts. What a stage did not report is None."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STAGES = ("prepare", "teacher", "distill", "evaluate", "measure", "export")


@dataclass(frozen=True)
class Counts:
    """Dev rows by who got them right."""

    rows: int
    teacher: int
    student: int
    both: int
    only_teacher: int
    only_student: int
    neither: int


@dataclass(frozen=True)
class Model:
    """One model as the measure stage saw it. `parameters` by part (docs/contract.md); times in seconds, one per round."""

    parameters: Mapping[str, int]
    shape: Mapping[str, int]
    disk_bytes: int
    load_s: float
    first_pass_s: float
    dataset_pass_s: tuple[float, ...]


@dataclass(frozen=True)
class Cell:
    """One cell. `container` is the image it ran in, None outside one; `message` says what ended a failed one.

    `stages` holds the record's entries by stage name; what a missing result would hold is empty.
    """

    name: str
    engine: str
    device: str
    seed: int
    container: Mapping[str, Any] | None
    status: str
    message: str
    stages: Mapping[str, Mapping[str, Any]]
    counts: Counts | None
    teacher: Model | None
    student: Model | None

    def result(self, stage: str) -> Mapping[str, Any] | None:
        return self.stages.get(stage, {}).get("result") or None

    def metrics(self, stage: str) -> Mapping[str, float]:
        return self._part(stage, "metrics")

    def details(self, stage: str) -> Mapping[str, Any]:
        return self._part(stage, "details")

    def environment(self, stage: str) -> Mapping[str, Any]:
        return self._part(stage, "environment")

    def _part(self, stage: str, name: str) -> Mapping[str, Any]:
        part: Mapping[str, Any] = (self.result(stage) or {}).get(name, {})
        return part

    def missing(self) -> list[str]:
        """The stages that left no result, in the order of the pipeline."""
        return [stage for stage in STAGES if self.result(stage) is None]


# Control characters end a line where none should end; U+202A.. and U+2066.. turn the writing direction of what follows.
_DISTURBING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")


def cleaned(value: Any) -> Any:
    """A record whose strings, from wherever they came, cannot disturb the text around them: no control characters."""
    if isinstance(value, str):
        return _DISTURBING.sub(" ", value)
    if isinstance(value, Mapping):
        return {cleaned(key): cleaned(each) for key, each in value.items()}
    return [cleaned(each) for each in value] if isinstance(value, list) else value


def cells(record: Mapping[str, Any]) -> tuple[Cell, ...]:
    return tuple(_cell(cell) for cell in record["cells"])


def data_name(record: Mapping[str, Any]) -> str:
    """What the rows may be called: a task's name belongs to its published files alone."""
    data = record["data"]
    if data["kind"] == "sample":
        return "embedded sample"
    return str(data["name"]) if data["verified"] else f"{data['name']}, not the published files"


def _cell(cell: Mapping[str, Any]) -> Cell:
    stages = {entry["stage"]: entry for entry in cell["stages"]}
    measured = (stages.get("measure", {}).get("result") or {}).get("details", {}).get("models", {})
    return Cell(
        name=cell["name"],
        engine=cell["engine"],
        device=cell["device"],
        seed=cell["seed"],
        container=cell.get("container"),
        status=cell["status"],
        message=cell.get("message") or "",
        stages=stages,
        counts=_counts((stages.get("evaluate", {}).get("result") or {}).get("metrics")),
        teacher=_model(measured.get("teacher")),
        student=_model(measured.get("student")),
    )


def _counts(metrics: Mapping[str, float] | None) -> Counts | None:
    if not metrics:
        return None
    return Counts(
        rows=int(metrics["rows"]),
        teacher=int(metrics["teacher_correct"]),
        student=int(metrics["student_correct"]),
        both=int(metrics["both_correct"]),
        only_teacher=int(metrics["only_teacher_correct"]),
        only_student=int(metrics["only_student_correct"]),
        neither=int(metrics["neither_correct"]),
    )


def _model(model: Mapping[str, Any] | None) -> Model | None:
    if model is None:
        return None
    return Model(
        parameters=model["parameters"],
        shape=model["shape"],
        disk_bytes=model["disk_bytes"],
        load_s=model["load_s"],
        first_pass_s=model["first_pass_s"],
        dataset_pass_s=tuple(model["dataset_pass_s"]),
    )
