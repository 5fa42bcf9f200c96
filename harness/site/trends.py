"""How a subject's score and times went from run to run: a line for each engine, container, device and profile, never across them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.report import figures
from harness.report.document import Block, Figure, Figures, Group, Paragraph, Section, Span, Table, Text, plain
from harness.report.facts import Cell
from harness.report.plots import Line
from harness.site.conditions import Conditions, augmented, conditions, container_of, engine_of
from harness.site.drawings import STYLES, trend
from harness.site.ranking import forward_timing, keys
from harness.site.runs import SiteRun

Number = Callable[[Cell], float | None]
"""A quantity of a cell; None where there is no number that counts."""


@dataclass(frozen=True)
class Seen:
    run: SiteRun
    cell: Cell
    value: float


def section(runs: Sequence[SiteRun]) -> Section:
    """Empty before a quantity has two numbers on one line."""
    metric = runs[0].cells[0].metric if runs and runs[0].cells else None
    quantities: list[tuple[str, str, str, Number]] = [
        ("Student's forward pass", "ms", "measure", _forward),
        ("Student's dataset pass", "s", "measure", _dataset_pass),
    ]
    if metric is not None:
        quantities.insert(0, (f"Student's {metric.label}", metric.axis, "evaluate", _score))
    found = tuple(figure for each in quantities if (figure := _figure(*each, runs)))
    how = Paragraph(plain(HOW_TO_READ))
    blocks: tuple[Block, ...] = (how, Figures("", found)) if found else ()
    return Section("trend", "Trend", blocks)


HOW_TO_READ = (
    "A line holds what one engine, in one version and container, gave on one device in one profile, on the same data and inputs, with the "
    "same augmentation. Runs of one line may differ in seed and code; a result that a later run took from the cache stands once. Times "
    "that are not valid are left out, and so is a line with one run."
)


def _figure(title: str, unit: str, stage: str, number: Number, runs: Sequence[SiteRun]) -> Figure | None:
    series: dict[tuple[Conditions, str, str], list[Seen]] = {}
    known: set[tuple[str, ...]] = set()
    for run in reversed(runs):
        for cell in run.cells:
            value = number(cell)
            if value is not None and keys(cell, stage) not in known:
                known.add(keys(cell, stage))
                key = (conditions(run, cell), engine_of(cell) + augmented(cell), container_of(cell))
                series.setdefault(key, []).append(Seen(run, cell, value))
    lines = {_name(*key): seen for key, seen in sorted(series.items()) if len({each.run.name for each in seen}) > 1}
    if not lines:
        return None
    drawn = [
        Line(
            name,
            STYLES[position % len(STYLES)],
            tuple((each.run.created.timestamp(), each.value) for each in seen),
            markers=True,
        )
        for position, (name, seen) in enumerate(lines.items())
    ]
    groups = tuple(Group(tuple(_row(each) for each in seen), name) for name, seen in lines.items())
    data = Table(f"{title}, {unit}", ("run", "when (UTC)", "seed", unit), groups, frozenset({2, 3}))
    return Figure(title, trend(title, unit, drawn), data)


def _name(where: Conditions, engine: str, container: str) -> str:
    """What tells lines of one page apart, the shortest part first."""
    inside = "" if container == "none" else f" in {container}"
    parts = (f"{engine}{inside}", where.profile, where.device, where.data, where.inputs)
    return ", ".join(part for part in parts if part)


def _row(seen: Seen) -> tuple[Text, ...]:
    return (
        (Span(f"{seen.run.name}, {seen.cell.name}", url=seen.run.source(seen.cell)),),
        plain(seen.run.date),
        plain(seen.cell.seed),
        plain(figures.measure(seen.value)),
    )


def _score(cell: Cell) -> float | None:
    found = cell.score("student")
    return None if found is None or found.value is None else 100 * found.value


def _forward(cell: Cell) -> float | None:
    timing = forward_timing(cell, cell.student)
    return timing.median if timing and timing.valid else None


def _dataset_pass(cell: Cell) -> float | None:
    timing = cell.student.dataset_pass if cell.student else None
    return timing.median if timing and timing.valid else None
