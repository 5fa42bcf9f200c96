"""A task's examples: texts with their labels or scores, or with the ids of a test set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinybert.data.tsv import Layout, read_table
from tinybert.errors import BadInputError
from tinybert.spec import Columns, Task, TestSet

Labels = NDArray[np.int32] | NDArray[np.float32]
"""[rows]: positions in the task's labels, or the scores of a regression."""


@dataclass(frozen=True)
class Examples:
    """A file's rows; `text_b` is None for tasks of one text. `ids`: what a test set calls its rows, None elsewhere.

    `lines`: where the rows stand in the file, from 1; `text_columns`: positions of the texts in a line, negative from the end.
    `left_out_rows` and `irregular_rows`: rows of the file that are not here, for their label or their number of fields.
    """

    text_a: list[str]
    text_b: list[str] | None
    labels: Labels
    ids: list[str] | None = None
    lines: Sequence[int] = ()
    text_columns: tuple[int, ...] = ()
    left_out_rows: int = 0
    irregular_rows: int = 0

    def __len__(self) -> int:
        return len(self.text_a)


def read_examples(path: Path, task: Task) -> Examples:
    """Read a train or dev file of a task.

    Raises BadInputError as `read_table` does, and for a label that is not the task's, a score that is no number of its range, and
    a file whose every row is left out for its label.
    """
    columns = _texts(task.columns) | {"label": task.columns.label}
    table = read_table(path, Layout(task.name, task.header, columns, task.irregular_rows))
    kept = [row for row, label in enumerate(table.values["label"]) if label not in task.left_out]
    if not kept:
        left_out = ", ".join(map(repr, task.left_out))
        raise BadInputError(f"{path} has no row whose label is not {left_out}: is it {task.name}'s file?")
    lines = [table.lines[row] for row in kept]
    texts = {role: [values[row] for row in kept] for role, values in table.values.items()}
    return Examples(
        text_a=texts["text_a"],
        text_b=texts.get("text_b"),
        labels=_labels(path, task, texts["label"], lines),
        lines=lines,
        text_columns=tuple(table.positions[role] for role in ("text_a", "text_b") if role in table.positions),
        left_out_rows=len(table) - len(kept),
        irregular_rows=table.irregular_rows,
    )


def read_test(path: Path, task: Task, test: TestSet) -> Examples:
    """Read a test set; its labels are all 0, for nobody has them.

    Raises BadInputError as `read_table` does. A row of another number of fields is never left out: GLUE expects a prediction for
    every row.
    """
    layout = Layout(task.name, test.header, _texts(test) | {"id": test.id}, "refuse")
    table = read_table(path, layout)
    labels = _array(task, [0] * len(table))
    return Examples(table.values["text_a"], table.values.get("text_b"), labels, ids=table.values["id"])


def _texts(columns: Columns | TestSet) -> dict[str, str | int]:
    second = {} if columns.text_b is None else {"text_b": columns.text_b}
    return {"text_a": columns.text_a} | second


def _labels(path: Path, task: Task, found: list[str], lines: list[int]) -> Labels:
    read = _reader(task)
    labels = [read(text) for text in found]
    if None in labels:
        row = labels.index(None)
        what, allowed = _kind(task)
        raise BadInputError(
            f"{path}, line {lines[row]} has the {what} {found[row][:60]!r}; allowed for {task.name}: {allowed}"
        )
    return _array(task, labels)


def _reader(task: Task) -> Callable[[str], float | None]:
    """From a label's text to its number, or to None for what is no label of the task."""
    if task.scores is None:
        return {label: position for position, label in enumerate(task.labels)}.get
    low, high = task.scores.low, task.scores.high

    def read(text: str) -> float | None:
        try:
            score = float(text)
        except ValueError:
            return None
        return score if low <= score <= high else None  # not a number compares as false

    return read


def _kind(task: Task) -> tuple[str, str]:
    """What a label is called, and what it may be."""
    if task.scores is None:
        return "label", ", ".join(map(repr, task.labels))
    return "score", f"a number from {task.scores.low:g} to {task.scores.high:g}"


def _array(task: Task, numbers: Sequence[float | None]) -> Labels:
    return np.array(numbers, np.float32) if task.is_regression else np.array(numbers, np.int32)
