"""Dev rows to look at: what the student alone gets wrong, or, of a regression, where it errs most."""

from __future__ import annotations

from collections.abc import Sequence

from harness.report import figures
from harness.report.dev_sets import DevSet
from harness.report.document import Block, Group, Table, Text, plain
from harness.report.limits import first

CLASSES = ("row", "text", "label", "student")
SCORES = ("row", "text", "label", "teacher", "student")


def blocks(judged: Sequence[tuple[str, DevSet]]) -> list[Block]:
    shown, others = first([(name, dev_set) for name, dev_set in judged if dev_set.wrong], "Rows to look at")
    return [*(_table(name, dev_set) for name, dev_set in shown), *others]


def _table(name: str, dev_set: DevSet) -> Table:
    """Of a classification the teacher's prediction is the label."""
    if dev_set.counts:
        columns: tuple[str, ...] = CLASSES
        shown = f"{len(dev_set.wrong)} of {figures.count(dev_set.counts.only_teacher)}"
        caption = f"{name}: what the student alone gets wrong, {shown} such dev rows, the first ones"
        numeric = frozenset({0})
    else:
        columns = SCORES
        caption = f"{name}: where the student errs most, {len(dev_set.wrong)} of {figures.count(dev_set.rows)} dev rows"
        numeric = frozenset({0, 2, 3, 4})
    rows = tuple(tuple(_shown(row[column]) for column in columns) for row in dev_set.wrong)
    return Table(caption, columns, (Group(rows),), numeric)


def _shown(value: object) -> Text:
    """Scores with two decimals; everything else as it is."""
    return plain(f"{value:.2f}" if isinstance(value, float) else value)
