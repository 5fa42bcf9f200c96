"""What a record says about each of its cells, read once into named facts. What a stage did not report is None."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from harness.record import RECORD
from harness.report.dev_sets import DevSet, Score, Who, dev_set
from harness.report.measured import Measured, Model, Workload
from harness.report.metric import METRICS, Metric
from harness.report.reading import measured, with_projections
from harness.stages import NO_AUGMENTATION, OPTIONAL, STAGES


@dataclass(frozen=True)
class Cell:
    """One cell. `container` is the image it ran in, None outside one; `message` says what ended a failed one.

    `number` is its position among the record's cells. `planned` names the stages that its suite has; `stages` holds the record's
    entries by stage name, and what a missing result would hold is empty. `metric` is the task's first, `dev_sets` are what
    `evaluate` found on each, the task's first set first. `measured` is None without a result of the stage measure.
    """

    number: int
    name: str
    engine: str
    device: str
    seed: int
    container: Mapping[str, Any] | None
    status: str
    message: str
    planned: tuple[str, ...]
    stages: Mapping[str, Mapping[str, Any]]
    metric: Metric
    dev_sets: tuple[DevSet, ...]
    measured: Measured | None

    @property
    def teacher(self) -> Model | None:
        return self.measured.role("teacher") if self.measured else None

    @property
    def student(self) -> Model | None:
        return self.measured.role("student") if self.measured else None

    @property
    def student_shape(self) -> Mapping[str, int] | None:
        """As measured, or as ordered where nothing was measured; None where nothing was distilled either."""
        if self.student:
            return self.student.shape
        options = self.stages.get("distill", {}).get("spec", {}).get("options", {})
        shape: Mapping[str, int] | None = options.get("student")
        return shape

    @property
    def is_augmented(self) -> bool:
        """Whether its student learned from augmented rows."""
        return "augment" in self.planned

    @property
    def augmentation(self) -> str:
        """The mode, or none."""
        options = self.stages.get("augment", {}).get("spec", {}).get("options", {})
        return str(options.get("mode", "unknown")) if self.is_augmented else NO_AUGMENTATION

    @property
    def first_dev_set(self) -> DevSet | None:
        return self.dev_sets[0] if self.dev_sets else None

    @property
    def headline(self) -> Workload | None:
        """The forward workload of the result table."""
        return self.measured.headline if self.measured else None

    def score(self, model: Who) -> Score | None:
        """Of the task's first metric on its first dev set."""
        return self.first_dev_set.score(model, self.metric.name) if self.first_dev_set else None

    def dev_set(self, name: str | None) -> DevSet | None:
        """None: the first."""
        if name is None:
            return self.first_dev_set
        return next((each for each in self.dev_sets if each.name == name), None)

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

    def source(self, stage: str = "") -> str:
        """Where a stage's result stands in the record, or, without one, the cell."""
        if not self.result(stage):
            return place("cells", self.number)
        return place("cells", self.number, "stages", list(self.stages).index(stage), "result")

    def missing(self) -> list[str]:
        """The stages of its suite that left no result, in the order of the pipeline."""
        return [stage for stage in self.planned if self.result(stage) is None]


def place(*path: str | int) -> str:
    """A place in the record as an address beside it; what stands after the # is a JSON pointer (RFC 6901)."""
    return f"{RECORD}#/{'/'.join(map(str, path))}"


# Control characters end a line where none should end; U+202A.. and U+2066.. turn the writing direction of what follows.
_DISTURBING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")


def cleaned(value: Any) -> Any:
    """A record whose strings, from wherever they came, cannot disturb the text around them: no control characters."""
    if isinstance(value, str):
        # Nothing that disturbs is printable, and most strings are; the search alone would take a third of a large report's time.
        return value if value.isprintable() else _DISTURBING.sub(" ", value)
    if isinstance(value, dict):
        return {cleaned(key): cleaned(each) for key, each in value.items()}
    return [cleaned(each) for each in value] if isinstance(value, list) else value


class CleanRecord(dict[str, Any]):
    """A record with nothing disturbing in it, which nobody changes any more: its cells are read once."""

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        return _cells(self)


def clean(record: Mapping[str, Any]) -> CleanRecord:
    return CleanRecord(cleaned(record))


def cells(record: Mapping[str, Any]) -> tuple[Cell, ...]:
    return record.cells if isinstance(record, CleanRecord) else _cells(record)


def _cells(record: Mapping[str, Any]) -> tuple[Cell, ...]:
    metric = METRICS[record["task"]["metrics"][0]]
    return tuple(_cell(number, cell, metric) for number, cell in enumerate(record["cells"]))


def data_name(record: Mapping[str, Any]) -> str:
    """What the rows may be called: a task's name belongs to its published files alone."""
    data = record["data"]
    if data["kind"] == "sample":
        return "embedded sample"
    if data["verified"]:
        return str(data["name"])
    return f"{data['name']}, {'not the published' if differs(record) else 'unverified'} files"


def differs(record: Mapping[str, Any]) -> bool:
    """Whether a file is known to be another than the published one; else no checksum of it was published."""
    return any(file.get("checksum") == "other" for file in record["data"]["files"].values())


def dev_set_names(record: Mapping[str, Any]) -> tuple[str, ...]:
    """The task's, the first one first."""
    return tuple(record["task"]["dev"])


def judged(record: Mapping[str, Any]) -> list[tuple[str, DevSet]]:
    """Every evaluated dev set under its heading: the cell's name, with the set's where the task has several."""
    several = len(dev_set_names(record)) > 1
    return [
        (f"{cell.name}, {each.name}" if several else cell.name, each)
        for cell in cells(record)
        for each in cell.dev_sets
    ]


def _cell(number: int, cell: Mapping[str, Any], metric: Metric) -> Cell:
    stages = {entry["stage"]: entry for entry in cell["stages"]}
    planned = cell.get("stages_planned") or [stage for stage in STAGES if stage not in OPTIONAL]

    def details(stage: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = (stages.get(stage, {}).get("result") or {}).get("details") or {}
        return found

    found = measured(details("measure")) if details("measure") else None
    return Cell(
        number=number,
        name=cell["name"],
        engine=cell["engine"],
        device=cell["device"],
        seed=cell["seed"],
        container=cell.get("container"),
        status=cell["status"],
        message=cell.get("message") or "",
        planned=tuple(stage for stage in STAGES if stage in planned),
        stages=stages,
        metric=metric,
        dev_sets=tuple(map(dev_set, details("evaluate").get("dev_sets", ()))),
        measured=found if found is None or "distill" in planned else with_projections(found),
    )
