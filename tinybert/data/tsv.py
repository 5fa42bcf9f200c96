"""A task's tab-separated files as GLUE publishes them: no quoting, one example a line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinybert.errors import BadInputError
from tinybert.spec import Task

BYTE_ORDER_MARK = "\ufeff"  # GLUE's MRPC files begin with one


@dataclass(frozen=True)
class Examples:
    """A file's texts and labels; `text_b` is None for tasks of one text. labels: int32 [rows], index into the task's labels."""

    text_a: list[str]
    text_b: list[str] | None
    labels: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.text_a)


def read_examples(path: Path, task: Task) -> Examples:
    """Read one file of a task.

    Raises BadInputError, naming the file, the line and the remedy, when the file is missing, empty, not UTF-8, holds NUL
    bytes, lacks a column, or has a row of another number of fields or with a label that is not the task's.
    """
    lines = _decode(path).removeprefix(BYTE_ORDER_MARK).removesuffix("\n").split("\n")
    fields = lines[0].removesuffix("\r").split("\t")
    text_a, text_b, label = (_position(path, task, fields, name) for name in ("text_a", "text_b", "label"))
    assert text_a is not None and label is not None
    rows = _rows(path, lines, len(fields), first=1 if task.header else 0)
    if not rows:
        raise BadInputError(f"{path} has a header and no rows: get the file anew")
    return Examples(
        text_a=[row[text_a] for row in rows],
        text_b=None if text_b is None else [row[text_b] for row in rows],
        labels=_labels(path, task, [row[label] for row in rows]),
    )


def _decode(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise BadInputError(f"{path} does not exist: the data directory must hold train.tsv and dev.tsv") from None
    if not raw:
        raise BadInputError(f"{path} is empty: get the file anew")
    if (offset := raw.find(b"\0")) >= 0:
        raise BadInputError(f"{_where(path, raw, offset)} does not belong into a text file: convert it to UTF-8")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        where = _where(path, raw, error.start)
        raise BadInputError(f"{where} is not UTF-8 ({error.reason}): convert it to UTF-8, or get it anew") from None


def _where(path: Path, raw: bytes, offset: int) -> str:
    return f"{path}, line {raw.count(10, 0, offset) + 1}: byte 0x{raw[offset]:02x} at offset {offset}"


def _position(path: Path, task: Task, fields: list[str], role: str) -> int | None:
    """0-based position of the column that plays a role, None for no second text."""
    column: str | int | None = getattr(task.columns, role)
    if column is None:
        return None
    if isinstance(column, int):
        if column >= len(fields):
            wanted = f"{task.name} has its {role} in column {column} (from 0)"
            raise BadInputError(
                f"{path}, line 1 has {len(fields)} tab-separated fields, {wanted}: is it the right file?"
            )
        return column
    if not task.header:
        raise BadInputError(
            f"the files of {task.name} have no header: give the column {role} by number, not as {column!r}"
        )
    if column not in fields:
        found = ", ".join(map(repr, fields[:20]))
        raise BadInputError(f"{path}, line 1 has no column {column!r}, but {found}: is it {task.name}'s file?")
    return fields.index(column)


def _rows(path: Path, lines: list[str], fields: int, first: int) -> list[list[str]]:
    rows = [line.removesuffix("\r").split("\t") for line in lines[first:]]
    for number, row in enumerate(rows, first + 1):
        if len(row) != fields:
            found = f"{len(row)} tab-separated fields, line 1 has {fields}"
            raise BadInputError(f"{path}, line {number} has {found}: mend or remove the line")
    return rows


def _labels(path: Path, task: Task, found: list[str]) -> NDArray[np.int32]:
    positions = {label: position for position, label in enumerate(task.labels)}
    try:
        return np.array([positions[label] for label in found], dtype=np.int32)
    except KeyError as error:
        wrong = error.args[0]
    line = found.index(wrong) + (2 if task.header else 1)
    allowed = ", ".join(map(repr, task.labels))
    raise BadInputError(f"{path}, line {line} has the label {wrong!r}; allowed for {task.name}: {allowed}")
