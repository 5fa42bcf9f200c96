"""How many examples a file of a task holds, counted as the pipeline counts them."""

from __future__ import annotations

from pathlib import Path

from harness.tasks import Task

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def count_rows(path: Path, task: Task) -> int | None:
    """Rows of a train or dev file: no header, none whose label is left out, none irregular where those are left out.

    None where the file has no such label column: what is wrong with it is told by the stage that reads it whole. Raises OSError.
    """
    contract = task.raw
    left_out = {label.encode() for label in contract["left_out"]}
    drops_irregular = contract["irregular_rows"] == "leave-out"
    with path.open("rb") as file:
        header = _fields(file.readline().removeprefix(BYTE_ORDER_MARK))
        place = _place(contract["columns"]["label"], header)
        if place is None:
            return None
        rows = 0 if contract["header"] else 1
        if not left_out and not drops_irregular:
            return rows + sum(1 for _ in file)
        for line in file:
            fields = _fields(line)
            if drops_irregular and len(fields) != len(header):
                continue
            rows += not -len(fields) <= place < len(fields) or fields[place] not in left_out
    return rows


def _fields(line: bytes) -> list[bytes]:
    return line.rstrip(b"\r\n").split(b"\t")


def _place(column: str | int, header: list[bytes]) -> int | None:
    if isinstance(column, str):
        return header.index(column.encode()) if column.encode() in header else None
    return column if -len(header) <= column < len(header) else None
