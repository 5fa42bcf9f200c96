"""The section on training: the recipe of each student, every phase in numbers, and the curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.report import figures
from harness.report.curves import curve_figures, training_table
from harness.report.document import Figures, Group, Section, Table, plain
from harness.report.facts import Cell, cells
from harness.report.limits import first


def section(record: Mapping[str, Any]) -> Section:
    phases = training_table(cells(record))
    distilled = [cell for cell in cells(record) if cell.result("distill")]
    shown, others = first(
        [cell for cell in cells(record) if cell.result("teacher") or cell.result("distill")], "Curves"
    )
    curves = tuple(Figures(cell.name, drawn) for cell in shown if (drawn := curve_figures(cell)))
    blocks = (
        ((_recipes(distilled),) if distilled else ()) + ((phases,) if phases.groups else ()) + curves + tuple(others)
    )
    return Section("training", "Training", blocks)


def _recipes(distilled: Sequence[Cell]) -> Table:
    columns = ("what", *(cell.name for cell in distilled))
    recipes = [_recipe(cell) for cell in distilled]
    rows = tuple((plain(name), *(plain(recipe[name]) for recipe in recipes)) for name in recipes[0])
    return Table("How the student was trained", columns, (Group(rows),))


def _recipe(cell: Cell) -> dict[str, str]:
    details, metrics, metric = cell.details("distill"), cell.metrics("distill"), cell.metric
    return {
        "start": details["start"],
        "augmentation": cell.augmentation,
        "schedule": details["schedule"],
        "objective": details["objective"],
        "teacher layers matched (0: embeddings)": ", ".join(map(str, details["layer_map"]["hidden"])),
        "training rows": figures.count(metrics["train_rows"]),
        f"dev {metric.label} before training": metric.value(metrics["start_dev_score"]),
        f"dev {metric.label} after": metric.value(metrics["dev_score"]),
    }
