"""`results.csv`: one line a cell, quantity and model, for a spreadsheet or a script. record.json holds everything; this the results."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from harness.report.dev_sets import MODELS, Who
from harness.report.facts import Cell, cells
from harness.report.measured import Measured, Timing
from harness.report.results import scored
from harness.report.statistics import Interval

COLUMNS = ("cell", "quantity", "of", "model", "value", "low", "high", "unit", "n", "status")
"""`of`: a dev set, or `runtime precision inputs`; `low` and `high`: the 95 % interval; `n`: rows, or rounds of a time."""
MISSING = "not measured"
Line = tuple[str | float | int | None, ...]


def sheet(record: Mapping[str, Any]) -> str:
    """Comma-separated. A number without a meaning (a time that is not valid) is left empty; `status` says why."""
    return comma_separated(COLUMNS, ((cell.name, *line) for cell in cells(record) for line in _lines(cell, record)))


def comma_separated(columns: Sequence[str], lines: Iterable[Line]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(_field, columns))
    writer.writerows([_field(each) for each in line] for line in lines)
    return text.getvalue()


def ends(interval: Interval | None) -> tuple[float | None, float | None]:
    return (interval.low, interval.high) if interval else (None, None)


def _field(value: str | float | int | None) -> str:
    """Text that a spreadsheet would take for a formula is led by an apostrophe."""
    if isinstance(value, str):
        return f"'{value}" if value[:1] in ("=", "+", "-", "@") else value
    return "" if value is None else repr(value)


def _lines(cell: Cell, record: Mapping[str, Any]) -> Iterator[Line]:
    if "evaluate" in cell.planned:
        yield from _scores(cell, record)
    if cell.measured:
        yield from _sizes(cell.measured)
        yield from _times(cell.measured)
    elif "measure" in cell.planned:
        yield ("measure", "", "", None, None, None, "", None, MISSING)


def _scores(cell: Cell, record: Mapping[str, Any]) -> Iterator[Line]:
    who: tuple[Who, ...] = (*MODELS, "change")
    for metric, name in scored(record):
        unit, dev_set = "share" if metric.is_share else "coefficient", cell.dev_set(name)
        for each in who:
            if dev_set is None:
                yield metric.name, name, each, None, None, None, unit, None, MISSING
                continue
            score = dev_set.score(each, metric.name)
            status = "undefined" if score.value is None else "measured"
            yield metric.name, name, each, score.value, *ends(score.interval), unit, dev_set.rows, status


def _sizes(measured: Measured) -> Iterator[Line]:
    for model in measured.models:
        yield "parameters", "encoder", model.name, model.parameters["encoder"], None, None, "count", None, "measured"


def _times(measured: Measured) -> Iterator[Line]:
    for model in measured.models:
        if model.dataset_pass:
            yield "dataset pass", "", model.name, *_timed(model.dataset_pass, "s")
    if ratio := measured.dataset_pass_speedup:
        yield "dataset pass speed-up", "", "student", ratio.ratio, *ends(ratio.interval), "ratio", None, "valid"
    for each in measured.forward:
        workload = each.workload
        about = f"{workload.runtime} {workload.precision} {workload.inputs}"
        yield "forward", about, workload.model, *_timed(each.timing, "ms")
    for against in measured.speedups:
        workload = against.workload
        about = f"{workload.runtime} {workload.precision} {workload.inputs}"
        if ratio := against.ratio:
            yield "forward speed-up", about, workload.model, ratio.ratio, *ends(ratio.interval), "ratio", None, "valid"


def _timed(timing: Timing, unit: str) -> Line:
    if not timing.valid:
        return None, None, None, unit, timing.rounds, timing.status
    return timing.median, *ends(timing.interval), unit, timing.rounds, timing.status
