"""Cells that differ in their seed alone, taken together: what seeds do to the accuracies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.report import figures, statistics
from harness.report.document import Group, Paragraph, Section, Table, Text, noted, plain
from harness.report.facts import Cell, Counts, cells


@dataclass(frozen=True)
class SeedGroup:
    """Two cells or more, all with counts: one engine, device and container, and the same dev rows."""

    name: str
    cells: tuple[Cell, ...]
    counts: tuple[Counts, ...]

    @property
    def rows(self) -> int:
        return self.counts[0].rows

    def accuracies(self, role: str) -> tuple[float, ...]:
        """By seed, of `teacher` or `student`."""
        return tuple((each.teacher if role == "teacher" else each.student) / each.rows for each in self.counts)


def seed_groups(record: Mapping[str, Any]) -> tuple[SeedGroup, ...]:
    found: dict[tuple[str, str, str, int], list[tuple[Cell, Counts]]] = {}
    for cell in cells(record):
        if cell.counts:
            image = str(cell.container["image_id"]) if cell.container else ""
            found.setdefault((cell.engine, cell.device, image, cell.counts.rows), []).append((cell, cell.counts))
    return tuple(
        SeedGroup(
            _name(members[0][0], len(members)),
            tuple(cell for cell, _ in members),
            tuple(counts for _, counts in members),
        )
        for members in found.values()
        if len({cell.seed for cell, _ in members}) == len(members) > 1
    )


def _name(cell: Cell, seeds: int) -> str:
    place = str(cell.container["name"]) if cell.container else f"{cell.engine}-{cell.device}"
    return f"{place}, {seeds} seeds"


def section(record: Mapping[str, Any]) -> Section:
    """Empty unless something was trained from several seeds."""
    groups = seed_groups(record)
    if not groups:
        return Section("seeds", "Seeds", ())
    table = Table(
        "Dev accuracy over seeds",
        ("what", "mean", "standard deviation", "95 % t-interval of the mean", "by seed"),
        tuple(Group(_rows(group), group.name) for group in groups),
        frozenset({1, 2, 3}),
    )
    return Section("seeds", "Seeds", (table, Paragraph(plain(WHAT_VARIES))))


WHAT_VARIES = (
    "The t-interval says where the mean of many seeds lies on these same dev rows. It does not hold the sampling error of the rows, "
    "which all seeds share; Wilson's interval of each accuracy does. McNemar's test of each seed stands above, row by row."
)


def _rows(group: SeedGroup) -> tuple[tuple[Text, ...], ...]:
    teacher, student = statistics.seeds(group.accuracies("teacher")), statistics.seeds(group.accuracies("student"))
    change = statistics.seeds([s - t for s, t in zip(student.values, teacher.values, strict=True)])
    seeds = ", ".join(str(cell.seed) for cell in group.cells)
    accuracies = tuple(
        (
            plain(role),
            plain(figures.percent(found.mean)),
            plain(f"{100 * found.deviation:.2f} points"),
            plain(figures.percent_interval(found.interval)),
            noted(", ".join(figures.percent(value) for value in found.values), f"seeds {seeds}"),
        )
        for role, found in (("teacher", teacher), ("student", student))
    )
    difference = (
        plain("student minus teacher, paired by seed"),
        plain(figures.points(change.mean)),
        plain(f"{100 * change.deviation:.2f} points"),
        plain(f"{figures.points_interval(change.interval)} points"),
        plain(", ".join(figures.points(value) for value in change.values)),
    )
    return (*accuracies, difference)
