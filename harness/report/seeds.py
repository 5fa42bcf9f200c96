"""Cells that differ in their seed alone, taken together: what seeds do to the scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.report import figures, statistics
from harness.report.dev_sets import DevSet
from harness.report.document import Group, Paragraph, Section, Span, Table, Text, plain
from harness.report.facts import Cell, cells
from harness.report.metric import Metric


@dataclass(frozen=True)
class SeedGroup:
    """Two cells or more, all evaluated: one engine, device, container and augmentation, the same rows in the first dev set."""

    name: str
    cells: tuple[Cell, ...]
    dev_sets: tuple[DevSet, ...]

    @property
    def metric(self) -> Metric:
        return self.cells[0].metric


def seed_groups(record: Mapping[str, Any]) -> tuple[SeedGroup, ...]:
    """Only of cells whose task's first metric is defined for both models."""
    found: dict[tuple[str, str, str, str, int], list[tuple[Cell, DevSet]]] = {}
    for cell in cells(record):
        dev_set = cell.first_dev_set
        if dev_set and dev_set.score("change", cell.metric.name).value is not None:
            image = str(cell.container["image_id"]) if cell.container else ""
            found.setdefault((cell.engine, cell.device, image, cell.augmentation, dev_set.rows), []).append(
                (cell, dev_set)
            )
    return tuple(
        SeedGroup(
            _name(members[0][0], len(members)),
            tuple(cell for cell, _ in members),
            tuple(dev_set for _, dev_set in members),
        )
        for members in found.values()
        if len({cell.seed for cell, _ in members}) == len(members) > 1
    )


def _name(cell: Cell, seeds: int) -> str:
    place = str(cell.container["name"]) if cell.container else f"{cell.engine}-{cell.device}"
    augmented = f", augmented ({cell.augmentation})" if cell.is_augmented else ""
    return f"{place}{augmented}, {seeds} seeds"


def section(record: Mapping[str, Any]) -> Section:
    """Empty unless something was trained from several seeds."""
    groups = seed_groups(record)
    if not groups:
        return Section("seeds", "Seeds", ())
    table = Table(
        f"Dev {groups[0].metric.label} over seeds",
        ("what", "mean", "standard deviation", "95 % t-interval of the mean", "by seed"),
        tuple(Group(_rows(group), group.name) for group in groups),
        frozenset({1, 2, 3}),
    )
    return Section("seeds", "Seeds", (table, Paragraph(plain(WHAT_VARIES))))


WHAT_VARIES = (
    "The t-interval says where the mean of many seeds lies on these same dev rows. It does not hold the sampling error of the rows, "
    "which all seeds share; the interval of each score does."
)


def _rows(group: SeedGroup) -> tuple[tuple[Text, ...], ...]:
    metric = group.metric
    scores = [each.compared(metric.name) for each in group.dev_sets]
    teacher, student, change = (
        statistics.seeds([score.value for score in each if score.value is not None])
        for each in zip(*scores, strict=True)
    )
    seeds = ", ".join(str(cell.seed) for cell in group.cells)
    models = tuple(
        (
            plain(role),
            plain(metric.value(found.mean)),
            plain(f"{100 * found.deviation:.2f} points"),
            plain(metric.interval(found.interval)),
            (*_by_seed(group, [metric.value(value) for value in found.values]), Span(f"seeds {seeds}", "note")),
        )
        for role, found in (("teacher", teacher), ("student", student))
    )
    difference = (
        plain("student minus teacher, paired by seed"),
        plain(figures.points(change.mean)),
        plain(f"{100 * change.deviation:.2f} points"),
        plain(f"{figures.points_interval(change.interval)} points"),
        _by_seed(group, [figures.points(value) for value in change.values]),
    )
    return (*models, difference)


def _by_seed(group: SeedGroup, values: Sequence[str]) -> Text:
    """Each seed's value leads to its place in the record."""
    found = [Span(value, url=cell.source("evaluate")) for value, cell in zip(values, group.cells, strict=True)]
    return tuple(span for each in found for span in (Span(", "), each))[1:]
