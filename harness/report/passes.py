"""The dataset pass, the published clock: every dev row once, with reading and decoding inside the clock."""

from __future__ import annotations

from collections.abc import Sequence

from harness.report import figures
from harness.report.charts import interval_figure, timing_mark
from harness.report.document import Block, Bullets, Figure, Figures, Group, Span, Table, Text, noted, plain
from harness.report.facts import Cell
from harness.report.limits import first
from harness.report.measured import Measured, Model
from harness.report.status import refusal


def blocks(measured: Sequence[tuple[Cell, Measured]]) -> list[Block]:
    """Protocol, times and figures of the cells that took one."""
    taken = [(cell, found) for cell, found in measured if any(model.dataset_pass for model in found.models)]
    if not taken:
        return []
    table = Table(
        "Dataset pass, s: warm passes, and the first pass of a fresh process apart",
        ("model", "median", "first pass", "every warm pass"),
        tuple(
            Group(tuple(_row(model) for model in found.models if model.dataset_pass), cell.name)
            for cell, found in taken
        ),
        frozenset({1}),
    )
    shown, others = first(taken, "Dataset passes, drawn")
    drawn = tuple(figure for cell, found in shown if (figure := _figure(cell, found)))
    protocols = Bullets(
        tuple((Span(f"{cell.name}: ", "strong"), Span(_protocol(cell, found))) for cell, found in taken)
    )
    return [protocols, table, *((Figures("", drawn),) if drawn else ()), *others]


def _row(model: Model) -> tuple[Text, ...]:
    timing = model.dataset_pass
    assert timing is not None
    if not timing.valid or timing.median is None:
        return plain(model.name), refusal(timing), plain(""), plain("")
    interval = figures.seconds_interval(timing.interval) if timing.interval else "no interval"
    return (
        plain(model.name),
        noted(figures.seconds(timing.median), interval),
        plain(figures.all_seconds(model.first_pass_s) if model.first_pass_s else "not taken"),
        plain(figures.all_seconds(model.dataset_pass_s) if model.dataset_pass_s else "not kept"),
    )


def _protocol(cell: Cell, measured: Measured) -> str:
    protocol, environment = measured.protocol, cell.environment("measure")
    passes = protocol["passes_per_round"]
    return (
        f"{figures.count(protocol['rows'])} rows, each once; batch {protocol['batch_size']}, padded to "
        f"{protocol['padded_length']}; {protocol['loader']}; {protocol['rounds']} rounds, each model in a fresh process with "
        f"{passes} warm {'pass' if passes == 1 else 'passes'} in each round, in an order drawn at random for every round; "
        f"{environment['engine']} {environment['engine_version']} on {environment['device_name']}, "
        f"threads: {environment['threads']}."
    )


def _figure(cell: Cell, measured: Measured) -> Figure | None:
    found = (timing_mark(model.name, model.role, model.dataset_pass) for model in measured.models)
    marks = [mark for mark in found if mark]
    if not marks:
        return None
    return interval_figure(f"Dataset pass, {cell.name}: median of every round", "seconds", marks, from_zero=True)
