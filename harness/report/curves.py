"""Training curves: what the teacher's and the student's series draw, phase by phase, and the same in a few numbers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.report import figures
from harness.report.document import Figure, Group, Table, Text, plain
from harness.report.facts import Cell
from harness.report.plots import Level, Line, line_chart

# A curve of more points is drawn by the means of equal stretches: 120 fill the width of a chart.
DRAWN_POINTS = 120
# The columns of a distillation's series that are terms of the loss, as the legend calls them.
TERMS = {
    "embedding_loss": ("embeddings", "term1"),
    "hidden_loss": ("hidden states", "student"),
    "attention_loss": ("attention", "term2"),
    "prediction_loss": ("prediction", "term3"),
}
MODELS = (("teacher", "teacher"), ("distill", "student"))
"""Stage -> the model that it trains."""

Rows = list[Mapping[str, Any]]


def curve_figures(cell: Cell) -> tuple[Figure, ...]:
    """One figure per stage, phase and kind of curve (loss, dev score), as far as the series go."""
    return tuple(
        figure
        for stage, model in MODELS
        for phase, train, dev in _phases(cell, stage)
        for figure in (_loss(model, phase, train), _dev(cell, model, phase, dev))
        if figure
    )


def training_table(cells: Sequence[Cell]) -> Table:
    """Every phase of every cell in numbers, so that the curves can be left out."""
    groups = tuple(
        Group(
            tuple(
                _phase_row(cell, stage, model, *phase)
                for stage, model in MODELS
                for phase in _phases(cell, stage)
                if phase[1]
            ),
            cell.name,
        )
        for cell in cells
    )
    return Table(
        caption="Training, phase by phase: the loss at the first and the last point of the curve",
        columns=("phase", "last point at step", "loss", "best dev score", "rows/s"),
        groups=tuple(group for group in groups if group.rows),
        numeric=frozenset({1, 2, 3, 4}),
    )


def _phase_row(cell: Cell, stage: str, model: str, phase: str, train: Rows, dev: Rows) -> tuple[Text, ...]:
    return (
        plain(model if phase in (model, stage) else f"{model}, {phase}"),
        plain(figures.count(train[-1]["step"])),
        plain(f"{train[0]['loss']:.3g} \u2192 {train[-1]['loss']:.3g}"),
        plain(_best(cell, dev)),
        plain(_rows_per_s(cell, stage, phase)),
    )


def _best(cell: Cell, dev: Rows) -> str:
    scores = [row["score"] for row in dev if row["score"] is not None]
    return cell.metric.value(max(scores, default=None)) if dev else "not evaluated"


def _phases(cell: Cell, stage: str) -> Iterator[tuple[str, Rows, Rows]]:
    """(phase, points of the training curve, dev evaluations), in the order in which they ran."""
    series = (cell.result(stage) or {}).get("series", {})
    train, dev = _rows(series.get("train"), stage), _rows(series.get("dev"), stage)
    for phase in dict.fromkeys(row["phase"] for row in (*train, *dev)):
        yield phase, [row for row in train if row["phase"] == phase], [row for row in dev if row["phase"] == phase]


def _rows(series: Mapping[str, Any] | None, stage: str) -> Rows:
    if series is None:
        return []
    return [{"phase": stage, **dict(zip(series["columns"], row, strict=True))} for row in series["rows"]]


def _loss(model: str, phase: str, train: Rows) -> Figure | None:
    if not train:
        return None
    terms = {name: known for name, known in TERMS.items() if any(row.get(name) is not None for row in train)}
    drawn = terms if len(terms) > 1 else {"loss": ("loss", model)}
    lines = [
        Line(label, style, _thinned([(row["step"], row[name]) for row in train if row[name] is not None]))
        for name, (label, style) in drawn.items()
    ]
    title = f"{_who(model, phase)}: loss"
    return Figure(title, line_chart(title, "step", "loss", lines), _points(title, "step", lines))


def _dev(cell: Cell, model: str, phase: str, dev: Rows) -> Figure | None:
    points = tuple((row["step"], 100 * row["score"]) for row in dev if row["score"] is not None)
    if not points:
        return None
    lines = [Line(model, model, points, markers=True)]
    teacher = cell.metrics("teacher").get("dev_score")
    level = Level("teacher", "teacher", 100 * teacher) if model == "student" and teacher is not None else None
    title = f"{_who(model, phase)}: dev {cell.metric.label}"
    return Figure(title, line_chart(title, "step", cell.metric.axis, lines, level), _points(title, "step", lines))


def _who(model: str, phase: str) -> str:
    return model.capitalize() if phase in (model, "distill") else f"{model.capitalize()}, {phase}"


def _thinned(points: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """At most DRAWN_POINTS points, each the mean of a stretch; the first and the last stretch may be shorter by one."""
    pieces = min(len(points), DRAWN_POINTS)
    edges = [round(index * len(points) / pieces) for index in range(pieces + 1)] if pieces else []
    stretches = [points[first:end] for first, end in itertools.pairwise(edges)]
    return tuple((stretch[-1][0], sum(y for _, y in stretch) / len(stretch)) for stretch in stretches)


def _points(title: str, x_label: str, lines: Sequence[Line]) -> Table:
    """The numbers drawn; lines of one chart share their steps."""
    values = [dict(line.points) for line in lines]
    steps = sorted({x for each in values for x in each})
    rows = tuple(
        (plain(figures.count(x)), *(plain(f"{each[x]:.4g}" if x in each else "") for each in values)) for x in steps
    )
    return Table(title, (x_label, *(line.name for line in lines)), (Group(rows),), frozenset(range(len(lines) + 1)))


def _rows_per_s(cell: Cell, stage: str, phase: str) -> str:
    metrics = cell.metrics(stage)
    speed = metrics.get("rows_per_s" if stage == "teacher" else f"{phase}_rows_per_s")
    return "not reported" if speed is None else figures.count(speed)
