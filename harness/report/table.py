"""The result tables for the terminal, with the verdicts and the timings that do not count in lines below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.report.facts import cells, clean, data_name
from harness.report.results import ResultTable, result_tables
from harness.report.validity import refused
from harness.report.values import Value
from harness.report.verdict import NOT_COMPARABLE, NOT_REPRODUCED, REPRODUCED

# Colour repeats what the word says.
STYLES = {"plain": "", "good": "green", "caution": "yellow", "bad": "red"}


def result_table(record: Mapping[str, Any]) -> RenderableType:
    record = clean(record)
    first, *others = result_tables(record)
    title = f"{data_name(record)}, {record['profile']} profile"
    tables = [_table(first, title), *(_table(other, other.caption) for other in others)]
    return Group(*tables, *_verdict_lines(record), *_timing_lines(record))


def _table(result: ResultTable, title: str) -> Table:
    table = Table(
        title=Text(title, style="bold"), title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False
    )
    for number, column in enumerate(result.columns):
        # A model's name is data.
        table.add_column(Text(column), justify="right" if number else "left", overflow="fold")
    quantity = ""
    for row in result.rows:
        if row.quantity != quantity:
            quantity = row.quantity
            if table.row_count:
                table.add_section()
            table.add_row(Text(quantity, style="bold"))
        values = (_terminal(value) for value in (row.teacher, row.student, row.change))
        table.add_row(Text(f"  {row.who}"), *values, style="dim" if row.published else "")
    return table


def _terminal(value: Value) -> Text:
    text = Text(value.text, style=STYLES[value.kind])
    return Text.assemble(text, (f"\n{value.note}", "dim")) if value.note else text


def _verdict_lines(record: Mapping[str, Any]) -> list[Text]:
    """One line a cell, and one a group of seeds: how many claims got which verdict."""
    lines = []
    for name in dict.fromkeys(claim["cell"] for claim in record["claims"]):
        verdicts = [claim["verdict"] for claim in record["claims"] if claim["cell"] == name]
        counts = [f"{verdicts.count(v)} {v}" for v in (REPRODUCED, NOT_REPRODUCED, NOT_COMPARABLE) if v in verdicts]
        lines.append(Text(f"published claims, {name}: {', '.join(counts)} (why: report.md)"))
    return lines


def _timing_lines(record: Mapping[str, Any]) -> list[Text]:
    """One line a cell whose timings do not all count."""
    return [
        Text(f"timings, {cell.name}: {text} (why: report.md)", style="yellow")
        for cell in cells(record)
        if (text := refused(cell))
    ]
