"""Scores on parts of the dev rows: by the length of the input, and by label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.report import figures
from harness.report.dev_sets import DevSet, Part
from harness.report.document import Block, Group, Table, Text, plain
from harness.report.metric import METRICS, Metric


def blocks(judged: Sequence[tuple[str, DevSet]], record: Mapping[str, Any]) -> list[Block]:
    metric = METRICS[record["task"]["metrics"][0]]
    lengths = _table(
        f"{metric.heading} by the number of tokens, in quarters of the dev rows",
        "tokens",
        [(name, dev_set.by_length) for name, dev_set in judged],
        metric,
    )
    labels = _table(
        "Recall by label: the share of a label's rows that are predicted as such",
        "label",
        [(name, dev_set.by_label) for name, dev_set in judged],
        METRICS["accuracy"],
    )
    return [table for table in (lengths, labels) if table.groups]


def _table(caption: str, what: str, found: Sequence[tuple[str, Sequence[Part]]], metric: Metric) -> Table:
    groups = tuple(Group(tuple(_row(part, metric) for part in parts), name) for name, parts in found if parts)
    return Table(caption, (what, "rows", "teacher", "student", "change"), groups, frozenset({1, 2, 3, 4}))


def _row(part: Part, metric: Metric) -> tuple[Text, ...]:
    change = None if part.teacher is None or part.student is None else part.student - part.teacher
    return (
        plain(part.name),
        plain(figures.count(part.rows)),
        plain(metric.value(part.teacher)),
        plain(metric.value(part.student)),
        plain(metric.change(change)),
    )
