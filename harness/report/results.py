"""The result tables: what was published beside what each cell measured. Their rows serve the terminal, HTML and Markdown alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.report import values
from harness.report.facts import Cell, cells, data_name
from harness.report.measured import Measured, Model, Workload
from harness.report.values import NOT_PUBLISHED, Value, Values


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

    columns: tuple[str, str, str, str]
    rows: tuple[ResultRow, ...]


def result_tables(record: Mapping[str, Any]) -> tuple[ResultTable, ...]:
    """The student's table first, which has the published lines, then one for each model that is neither teacher nor student."""
    found = cells(record)
    measured = [cell.measured for cell in found if cell.measured]
    others = dict.fromkeys(model.name for each in measured for model in each.others)
    return (
        _table(record, _name(measured, "teacher"), _name(measured, "student"), lambda cell: cell.student, True),
        *(_table(record, _name(measured, "teacher"), name, _named(name), False) for name in others),
    )


def _name(measured: list[Measured], role: str) -> str:
    """What a column is called: the model's name where every cell has the same, else its role."""
    names = {model.name for each in measured if (model := each.role(role))}
    return names.pop() if len(names) == 1 else role


def _named(name: str) -> Callable[[Cell], Model | None]:
    return lambda cell: (
        next((model for model in cell.measured.models if model.name == name), None) if cell.measured else None
    )


def _table(
    record: Mapping[str, Any], teacher: str, model: str, find: Callable[[Cell], Model | None], with_published: bool
) -> ResultTable:
    """Quantity by quantity: the published line, where the record's claims have one, then the cells in their order."""
    claims = {(claim["quantity"], claim["role"]): claim for claim in record["claims"]} if with_published else {}
    rows: list[ResultRow] = []
    inputs = headline(record)
    quantities: list[tuple[str, Values, Callable[[Cell], Values], str]] = [
        (
            "parameters",
            values.published(claims, "parameters", "parameter_ratio", "smaller"),
            lambda cell: values.parameters(cell, find(cell)),
            "measure",
        ),
        (
            "dataset pass",
            values.published(claims, "dataset_pass_s", "speedup", "faster"),
            lambda cell: values.dataset_pass(cell, find(cell)),
            "measure",
        ),
    ]
    if with_published:
        accuracy = f"accuracy, {data_name(record)} dev set"
        quantities.insert(0, (accuracy, values.published_accuracy(claims), values.accuracy, "evaluate"))
    if inputs:
        quantity = f"forward, {inputs.inputs}"
        nothing = (NOT_PUBLISHED,) * 3
        quantities.append((quantity, nothing, lambda cell: values.forward(cell, find(cell), inputs), "measure"))
    for quantity, published, measure, stage in quantities:
        if any(value is not NOT_PUBLISHED for value in published):
            rows.append(ResultRow(quantity, f"published ({record['task']['name']})", True, *published))
        rows += [
            ResultRow(quantity, cell.name, False, *measure(cell)) for cell in cells(record) if stage in cell.planned
        ]
    return ResultTable(("source", teacher, model, f"{model} against {teacher}"), tuple(rows))


def headline(record: Mapping[str, Any]) -> Workload | None:
    """The forward workload of the result table: this engine, float32, padded, the largest batch at its greatest length."""
    found = [
        each.workload for cell in cells(record) if cell.measured for each in cell.measured.forward if each.workload.headline
    ]  # fmt: skip
    return max(found, key=lambda workload: (workload.batch_size, workload.length), default=None)
