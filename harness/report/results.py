"""The result tables: what was published beside what each cell measured. Their rows serve the terminal, HTML and Markdown alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.report import printed, values
from harness.report.facts import Cell, cells, data_name, dev_set_names
from harness.report.measured import Measured, Model, Workload
from harness.report.metric import METRICS, Metric
from harness.report.printed import Line
from harness.report.values import Value, Values

Record = Mapping[str, Any]


@dataclass(frozen=True)
class ResultRow:
    """One line of a table: a published one, or one cell's."""

    quantity: str
    who: str
    published: bool
    teacher: Value
    student: Value
    change: Value


@dataclass(frozen=True)
class ResultTable:
    """One model against the teacher. `columns`: source, teacher, model, and the one against the other."""

    caption: str
    columns: tuple[str, str, str, str]
    rows: tuple[ResultRow, ...]


def result_tables(record: Record) -> tuple[ResultTable, ...]:
    """The student's headline first, which has the published lines; its further scores; then one for each model of the role other."""
    measured = [cell.measured for cell in cells(record) if cell.measured]
    teacher, student = _name(measured, "teacher"), _name(measured, "student")
    first, *further = scored(record)
    columns = ("source", teacher, student, f"{student} against {teacher}")
    tables = [
        ResultTable(
            "Published beside measured",
            columns,
            (*_scores(record, *first), *_amounts(record, lambda cell: cell.student, True)),
        )
    ]
    scores = tuple(row for each in further for row in _scores(record, *each))
    if scores:
        tables.append(ResultTable("Further scores", columns, scores))
    for name in dict.fromkeys(model.name for each in measured for model in each.others):
        title = f"{name} against {teacher}"
        rows = tuple(_amounts(record, _named(name), False))
        tables.append(ResultTable(title, ("source", teacher, name, title), rows))
    return tuple(tables)


def scored(record: Record) -> list[tuple[Metric, str]]:
    """Every metric of the task on every dev set of it: what the headline shows, then the rest."""
    return [(METRICS[name], dev_set) for dev_set in dev_set_names(record) for name in record["task"]["metrics"]]


def score_name(record: Record, metric: Metric, dev_set: str) -> str:
    """`accuracy, SST-2 dev set`; with the set's name where the task has several."""
    several = len(dev_set_names(record)) > 1
    return f"{metric.label}, {data_name(record)} {f'{dev_set} ' if several else ''}dev set"


def headline(record: Record) -> Workload | None:
    """The forward workload of the result tables, of all cells together."""
    found = [inputs for cell in cells(record) if cell.measured and (inputs := cell.measured.headline)]
    return max(found, key=lambda workload: (workload.batch_size, workload.length), default=None)


def _name(measured: list[Measured], role: str) -> str:
    """What a column is called: the model's name where every cell has the same, else its role."""
    names = {model.name for each in measured if (model := each.role(role))}
    return names.pop() if len(names) == 1 else role


def _named(name: str) -> Callable[[Cell], Model | None]:
    return lambda cell: (
        next((model for model in cell.measured.models if model.name == name), None) if cell.measured else None
    )


def _scores(record: Record, metric: Metric, dev_set: str) -> Iterator[ResultRow]:
    first = dev_set_names(record)[0]
    claims = [dict(claim) | {"dev_set": claim["dev_set"] or first} for claim in record["claims"]]
    lines = printed.scores(claims, metric.name, dev_set)
    quantity = score_name(record, metric, dev_set)
    yield from _rows(record, quantity, "evaluate", lines, lambda cell: values.score(cell, metric, dev_set))


def _amounts(record: Record, find: Callable[[Cell], Model | None], with_published: bool) -> Iterator[ResultRow]:
    """Sizes and times: the published lines, where the record's claims have some, then the cells in their order."""
    claims = record["claims"] if with_published else ()
    lines = printed.amounts(claims, "parameters", "parameter_ratio", "smaller")
    yield from _rows(record, "parameters", "measure", lines, lambda cell: values.parameters(cell, find(cell)))
    lines = printed.amounts(claims, "dataset_pass_s", "speedup", "faster")
    yield from _rows(record, "dataset pass", "measure", lines, lambda cell: values.dataset_pass(cell, find(cell)))
    if inputs := headline(record):
        quantity = f"forward, {inputs.inputs}"
        yield from _rows(record, quantity, "measure", (), lambda cell: values.forward(cell, find(cell), inputs))


def _rows(
    record: Record, quantity: str, stage: str, lines: Sequence[Line], measure: Callable[[Cell], Values]
) -> Iterator[ResultRow]:
    for whose, published in lines:
        yield ResultRow(quantity, whose, True, *published)
    for cell in cells(record):
        if stage in cell.planned:
            yield ResultRow(quantity, cell.name, False, *measure(cell))
