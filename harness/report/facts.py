"""What a record says about each of its cells, read once into named facts. What a stage did not report is None."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.report.measured import Measured, Model
from harness.report.reading import measured, with_projections
from harness.stages import STAGES


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
class Cell:
    """One cell. `container` is the image it ran in, None outside one; `message` says what ended a failed one.

    `planned` names the stages that its suite has; `stages` holds the record's entries by stage name, and what a missing
    result would hold is empty. `measured` is None without a result of the stage measure.
    """

    name: str
    engine: str
    device: str
    seed: int
    container: Mapping[str, Any] | None
    status: str
    message: str
    planned: tuple[str, ...]
    stages: Mapping[str, Mapping[str, Any]]
    counts: Counts | None
    measured: Measured | None

    @property
    def teacher(self) -> Model | None:
        return self.measured.role("teacher") if self.measured else None

    @property
    def student(self) -> Model | None:
        return self.measured.role("student") if self.measured else None

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
        """The stages of its suite that left no result, in the order of the pipeline."""
        return [stage for stage in self.planned if self.result(stage) is None]


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
    planned = cell.get("stages_planned") or STAGES
    details = (stages.get("measure", {}).get("result") or {}).get("details")
    found = measured(details) if details else None
    return Cell(
        name=cell["name"],
        engine=cell["engine"],
        device=cell["device"],
        seed=cell["seed"],
        container=cell.get("container"),
        status=cell["status"],
        message=cell.get("message") or "",
        planned=tuple(stage for stage in STAGES if stage in planned),
        stages=stages,
        counts=_counts((stages.get("evaluate", {}).get("result") or {}).get("metrics")),
        measured=found if found is None or "distill" in planned else with_projections(found),
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
