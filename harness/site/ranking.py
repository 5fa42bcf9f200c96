"""Scores against forward times against sizes: each model of each cell that has a score, ranked among its like alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.report.dev_sets import MODELS, Score
from harness.report.facts import Cell
from harness.report.measured import ENGINE, FLOAT32, Model, Timing, Workload
from harness.report.metric import Metric
from harness.report.status import why
from harness.site.conditions import Conditions, conditions
from harness.site.front import front
from harness.site.runs import SiteRun


@dataclass(frozen=True)
class Entry:
    """One model of one cell. `timing`: its forward pass in ms on the conditions' inputs."""

    run: SiteRun
    cell: Cell
    model: str
    conditions: Conditions
    metric: Metric
    score: Score
    parameters: int | None
    timing: Timing | None

    @property
    def name(self) -> str:
        """`RUN, CELL`: a run's cells have names of their own."""
        return f"{self.run.name}, {self.cell.name}"

    def why_unranked(self) -> str:
        """Empty where score, time and size are all known and count."""
        if self.score.value is None:
            return f"{self.metric.label} undefined"
        if self.parameters is None or self.timing is None:
            return "not measured"
        return why(self.timing)


@dataclass(frozen=True)
class Placed:
    """An entry that is ranked; `number` is its place by score, from 1."""

    number: int
    entry: Entry
    score: float
    milliseconds: float
    parameters: int
    on_front: bool


@dataclass(frozen=True)
class Ranking:
    """One ranking: conditions that all its entries share. `unranked` ones have no valid time."""

    conditions: Conditions
    metric: Metric
    placed: tuple[Placed, ...]
    unranked: tuple[Entry, ...]


def rankings(runs: Sequence[SiteRun]) -> tuple[Ranking, ...]:
    """In the order of their conditions; data, profile, device, metric and inputs are never mixed."""
    groups: dict[tuple[Conditions, str], list[Entry]] = {}
    for entry in entries(runs):
        groups.setdefault((entry.conditions, entry.metric.name), []).append(entry)
    return tuple(_ranking(conditions, groups[conditions, metric]) for conditions, metric in sorted(groups))


def entries(runs: Sequence[SiteRun]) -> Iterator[Entry]:
    """Every model of every cell with an evaluated dev set.

    Once each: a run that took its stages from the cache shows an earlier run's measurement again, and the earliest run here stands for it.
    """
    seen: set[tuple[str, ...]] = set()
    for run in reversed(runs):
        for cell in run.cells:
            if cell.first_dev_set is None or keys(cell, "evaluate", "measure") in seen:
                continue
            seen.add(keys(cell, "evaluate", "measure"))
            for role in MODELS:
                model = cell.measured.role(role) if cell.measured else None
                yield Entry(
                    run=run,
                    cell=cell,
                    model=role,
                    conditions=conditions(run, cell),
                    metric=cell.metric,
                    score=cell.first_dev_set.score(role, cell.metric.name),
                    parameters=model.parameters["encoder"] if model else None,
                    timing=forward_timing(cell, model),
                )


def keys(cell: Cell, *stages: str) -> tuple[str, ...]:
    """What tells a measurement from another one: the keys of the stages that made it."""
    return (cell.name, *(str(cell.stages.get(stage, {}).get("key")) for stage in stages))


def forward_timing(cell: Cell, model: Model | None) -> Timing | None:
    """On the inputs of the cell's result table."""
    if cell.measured is None or model is None or cell.measured.headline is None:
        return None
    inputs = cell.measured.headline
    found = cell.measured.time(Workload(model.name, ENGINE, FLOAT32, inputs.batch_size, inputs.length))
    return found.timing if found else None


def _ranking(conditions: Conditions, members: Sequence[Entry]) -> Ranking:
    ranked = [
        (entry, entry.score.value, entry.timing.median, entry.parameters)
        for entry in members
        if not entry.why_unranked()
        and entry.score.value is not None
        and entry.timing is not None
        and entry.timing.median is not None
        and entry.parameters is not None
    ]
    ranked.sort(key=lambda each: (-each[1], each[2], each[3]))
    on_front = front([(score, time, size) for _, score, time, size in ranked])
    placed = tuple(
        Placed(number, *each, on) for number, (each, on) in enumerate(zip(ranked, on_front, strict=True), start=1)
    )
    names = {id(each.entry) for each in placed}
    return Ranking(conditions, members[0].metric, placed, tuple(each for each in members if id(each) not in names))
