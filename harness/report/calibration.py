"""Whether a model is as often right as it is sure: the expected calibration error and a reliability diagram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.report import figures
from harness.report.dev_sets import MODELS, Bin, Calibration, DevSet
from harness.report.document import Block, Figure, Figures, Group, Paragraph, Table, Text, plain
from harness.report.limits import first
from harness.report.plots import Line, line_chart


def blocks(judged: Sequence[tuple[str, DevSet]]) -> list[Block]:
    found = [(name, dev_set.calibration) for name, dev_set in judged if dev_set.calibration]
    if not found:
        return []
    rows = tuple(
        (plain(name), *(plain(figures.small_percent(each[model].ece)) for model in MODELS)) for name, each in found
    )
    table = Table(
        "Expected calibration error: how far the share of right predictions lies from the mean top probability",
        ("cell", *MODELS),
        (Group(rows),),
        frozenset({1, 2}),
    )
    shown, others = first(found, "Reliability")
    drawn = Figures("Reliability", tuple(_figure(name, each) for name, each in shown))
    return [table, Paragraph(plain(HOW_TO_READ)), drawn, *others]


HOW_TO_READ = (
    "Rows are sorted into ten bins of equal width by the probability of the predicted label (Guo et al. 2017); the error is the mean gap "
    "of the bins, weighted by their rows. Below the diagonal of the diagram a model is surer than it is right."
)


def _figure(name: str, models: Mapping[str, Calibration]) -> Figure:
    lines = [Line("calibrated", "grid", ((0.0, 0.0), (100.0, 100.0)))]
    lines += [Line(model, model, points, markers=True) for model in MODELS if (points := _points(models[model]))]
    title = f"{name}: right against sure"
    return Figure(title, line_chart(title, "mean top probability in %", "right in %", lines), _data(title, models))


def _points(calibration: Calibration) -> tuple[tuple[float, float], ...]:
    return tuple(
        (100 * each.confidence, 100 * each.accuracy)
        for each in calibration.bins
        if each.rows and each.confidence is not None and each.accuracy is not None
    )


def _data(title: str, models: Mapping[str, Calibration]) -> Table:
    columns = ("top probability", *(f"{model}, {what}" for model in MODELS for what in ("rows", "sure", "right")))
    pairs = zip(*(models[model].bins for model in MODELS), strict=True)
    rows = tuple(
        (plain(f"{bins[0].low:.1f} to {bins[0].high:.1f}"), *(text for each in bins for text in _bin(each)))
        for bins in pairs
        if any(each.rows for each in bins)
    )
    return Table(title, columns, (Group(rows),), frozenset(range(1, len(columns))))


def _bin(each: Bin) -> tuple[Text, ...]:
    shares = (each.confidence, each.accuracy)
    return plain(figures.count(each.rows)), *(plain("" if n is None else figures.percent(n)) for n in shares)
