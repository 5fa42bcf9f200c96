"""Tab-separated files as GLUE publishes them: UTF-8, one row a line (LF or CRLF), and no quoting: a quote is text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from tinybert.errors import BadInputError

BYTE_ORDER_MARK = "\ufeff"  # GLUE's MRPC files begin with one
LEAVE_OUT = "leave-out"


@dataclass(frozen=True)
class Layout:
    """How a task lays out a file. `columns`: role -> name in the header, or position, from 0 or from the end (-1); only these are read.

    `irregular_rows`: "refuse" a file with a row of another number of fields than its first line, or "leave-out" such rows. Where a
    column is counted from the end, longer rows are regular: SNLI has rows of 11 and of 15 fields below a header of 11, with the
    label last (https://github.com/nyu-mll/jiant/issues/1073).
    """

    task: str
    header: bool
    columns: Mapping[str, str | int]
    irregular_rows: str


@dataclass(frozen=True)
class Table:
    """A file's rows. `values`: role -> texts [rows]; `positions`: role -> column, negative from the end; `lines`: where the rows stand,
    from 1 [rows]; `irregular_rows`: how many are left out.
    """

    values: Mapping[str, list[str]]
    positions: Mapping[str, int]
    lines: list[int]
    irregular_rows: int

    def __len__(self) -> int:
        return len(self.lines)


def read_table(path: Path, layout: Layout) -> Table:
    """Read the columns of one file, line by line: MNLI's file is mostly parse trees, which nobody needs.

    Raises BadInputError, naming the file, the line and the remedy, when the file is missing, empty or without a row, not UTF-8,
    holds NUL bytes, lacks a column, or has a row of another number of fields where that is refused.
    """
    lines = read_lines(path)
    if (first := next(lines, None)) is None:
        raise BadInputError(f"{path} is empty: get the file anew")
    _, fields = first
    positions = {role: _position(path, layout, fields, role) for role in layout.columns}
    may_be_longer = any(position < 0 for position in positions.values())
    values: dict[str, list[str]] = {role: [] for role in positions}
    numbers: list[int] = []
    irregular = 0
    for number, row in lines if layout.header else chain([first], lines):
        if len(row) == len(fields) or (may_be_longer and len(row) > len(fields)):
            numbers.append(number)
            for role, position in positions.items():
                values[role].append(row[position])
        elif layout.irregular_rows == LEAVE_OUT:
            irregular += 1
        else:
            found = f"{len(row)} tab-separated fields, line 1 has {len(fields)}"
            raise BadInputError(f"{path}, line {number} has {found}: mend or remove the line")
    if not numbers:
        rows = f"{irregular} rows of another number of fields" if irregular else "no rows"
        raise BadInputError(f"{path} has a header and {rows}: get the file anew")
    return Table(values, positions, numbers, irregular)


def read_lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each line's number, from 1, and its fields. Raises BadInputError as `read_table` does for what is no text."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise BadInputError(f"{path} does not exist: the data directory must hold it") from None
    begin = 0
    with file:
        for number, raw in enumerate(file, 1):
            if (place := raw.find(b"\0")) >= 0:
                where = f"{path}, line {number}: byte 0x00 at offset {begin + place}"
                raise BadInputError(f"{where} does not belong into a text file: convert it to UTF-8")
            try:
                line = raw.decode("utf-8")
            except UnicodeDecodeError as error:
                where = f"{path}, line {number}: byte 0x{raw[error.start]:02x} at offset {begin + error.start}"
                message = f"{where} is not UTF-8 ({error.reason}): convert it to UTF-8, or get it anew"
                raise BadInputError(message) from None
            begin += len(raw)
            if number == 1:
                line = line.removeprefix(BYTE_ORDER_MARK)
            yield number, line.removesuffix("\n").removesuffix("\r").split("\t")


def _position(path: Path, layout: Layout, fields: list[str], role: str) -> int:
    """Position of the column that plays a role, negative where it is counted from the end; `fields` are the first line's."""
    column = layout.columns[role]
    if isinstance(column, int):
        if not -len(fields) <= column < len(fields):
            wanted = f"{layout.task} has its {role} in column {column} (the first is 0)"
            raise BadInputError(
                f"{path}, line 1 has {len(fields)} tab-separated fields, {wanted}: is it the right file?"
            )
        return column
    if not layout.header:
        raise BadInputError(f"{path} has no header: give {layout.task}'s column {role} by number, not as {column!r}")
    if column not in fields:
        found = ", ".join(map(repr, fields[:20]))
        raise BadInputError(f"{path}, line 1 has no column {column!r}, but {found}: is it {layout.task}'s file?")
    return fields.index(column)
