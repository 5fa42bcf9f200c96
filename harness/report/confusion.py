"""What each model says of the rows of each label: counts, shares of the row, and a heat map of the shares."""

from __future__ import annotations

from collections.abc import Sequence

from harness.report import figures
from harness.report.dev_sets import MODELS, DevSet
from harness.report.document import Block, Figure, Figures, Group, Table, Text, noted, plain
from harness.report.heatmap import heat_map
from harness.report.limits import first

Matrix = Sequence[Sequence[int]]


def blocks(judged: Sequence[tuple[str, DevSet]], labels: Sequence[str]) -> list[Block]:
    found = [(name, dev_set.confusion) for name, dev_set in judged if dev_set.confusion]
    if not found:
        return []
    columns = ("label", *(f"{model} says {label}" for model in MODELS for label in labels))
    table = Table(
        "Confusion: rows by label and by prediction, with their share of the label's rows",
        columns,
        tuple(
            Group(
                tuple(
                    (plain(label), *(_count(n, matrix[model][row]) for model in MODELS for n in matrix[model][row]))
                    for row, label in enumerate(labels)
                ),
                name,
            )
            for name, matrix in found
        ),
        frozenset(range(1, len(columns))),
    )
    shown, others = first(found, "Confusion, drawn")
    drawn = tuple(
        Figures(f"Confusion, {name}", tuple(_figure(model, labels, matrix[model]) for model in MODELS))
        for name, matrix in shown
    )
    return [table, *drawn, *others]


def _count(count: int, row: Sequence[int]) -> Text:
    total = sum(row)
    return noted(figures.count(count), figures.percent(count / total) if total else "no rows")


def _figure(model: str, labels: Sequence[str], matrix: Matrix) -> Figure:
    title = model.capitalize()
    shares = [[count / (sum(row) or 1) for count in row] for row in matrix]
    rows = tuple(
        (plain(label), *(plain(figures.percent(share)) for share in row))
        for label, row in zip(labels, shares, strict=True)
    )
    columns = ("label", *(f"says {label}" for label in labels))
    data = Table(f"{title}: share of each label's rows", columns, (Group(rows),), frozenset(range(1, len(columns))))
    return Figure(title, heat_map(f"Confusion of the {model}", model, labels, shares), data)
