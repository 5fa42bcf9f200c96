"""A figure's numbers to take away: comma-separated, inside the link itself, so that the page stays one file that fetches nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

from harness.report.document import Figure, Figures, Table, Text
from harness.report.sheet import comma_separated

# What a URL may hold as it is and an attribute as well; "#" would end the data, "%" begin an escape.
_KEPT = ",:;/()=+!*$@"
_NUMBER = re.compile(r"[-\u2212]?[\d,]+(\.\d+)?(e[-+]?\d+)?")
_PERCENT = " %"
_LONGEST_NAME = 80


def name(block: Figures, figure: Figure) -> str:
    """What the numbers are of: `Forward pass, torch-cpu-seed1: Batch 32, padded to 128`."""
    return f"{block.heading}: {figure.data.caption}" if block.heading else figure.data.caption


def file_name(name: str) -> str:
    """`forward-pass-torch-cpu-seed1-batch-32-padded-to-128.csv`: letters, digits and hyphens, safe on every system."""
    return f"{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-')[:_LONGEST_NAME].strip('-') or 'numbers'}.csv"


def address(table: Table) -> str:
    """A `data:` address of the table as text; safe in an attribute."""
    return f"data:text/csv;charset=utf-8,{quote(text(table), safe=_KEPT)}"


def text(table: Table) -> str:
    """A line a row, led by its group's heading where there are some. Numbers are plain: no commas, and a percent sign in the heading."""
    percent = {column for column in table.numeric if _is_percent(table, column)}
    columns = (f"{each}, %" if number in percent else each for number, each in enumerate(table.columns))
    grouped = any(group.heading for group in table.groups)
    lines = (
        ((group.heading,) if grouped else ()) + tuple(_fields(row, table.numeric, percent))
        for group in table.groups
        for row in group.rows
    )
    return comma_separated((*(("group",) if grouped else ()), *columns), lines)


def _is_percent(table: Table, column: int) -> bool:
    shown = [_joined(row[column]) for group in table.groups for row in group.rows]
    return any(shown) and all(each.endswith(_PERCENT) for each in shown if each)


def _fields(row: tuple[Text, ...], numeric: frozenset[int], percent: set[int]) -> Iterator[str | float]:
    for column, cell in enumerate(row):
        shown = _joined(cell)
        yield _number(shown.removesuffix(_PERCENT) if column in percent else shown) if column in numeric else shown


def _number(shown: str) -> str | float:
    if not _NUMBER.fullmatch(shown):
        return shown
    plain = shown.replace(",", "").replace("\u2212", "-")
    return int(plain) if plain.lstrip("-").isdigit() else float(plain)


def _joined(cell: Text) -> str:
    return " ".join(span.text for span in cell)
