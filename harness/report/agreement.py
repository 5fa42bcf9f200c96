"""Teacher and student on the same rows: who is right, and how often they say the same."""

from __future__ import annotations

from collections.abc import Sequence

from harness.report import figures
from harness.report.dev_sets import Counts, DevSet
from harness.report.document import Block, Group, Table, Text, plain


def blocks(judged: Sequence[tuple[str, DevSet]]) -> list[Block]:
    rows = tuple(
        (plain(name), *_counts(dev_set.counts), plain(_same(dev_set))) for name, dev_set in judged if dev_set.counts
    )
    if not rows:
        return []
    return [
        Table(
            "Dev rows by who is right; McNemar's exact test asks whether the rows that one alone gets right split evenly",
            ("cell", "both", "only teacher", "only student", "neither", "McNemar", "same prediction"),
            (Group(rows),),
            frozenset(range(1, 7)),
        )
    ]


def _counts(counts: Counts) -> tuple[Text, ...]:
    rows = (counts.both, counts.only_teacher, counts.only_student, counts.neither)
    return *(plain(figures.count(n)) for n in rows), plain(figures.p_value(counts.p))


def _same(dev_set: DevSet) -> str:
    return "unknown" if dev_set.agreement is None else figures.percent(dev_set.agreement)
