"""Every table leads to the record: where a cell's name heads a table, a column, rows or a row, it is a link to the cell's place there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.report.document import Block, Figures, Section, Table, Text
from harness.report.facts import cells

_STAGES = {
    "errors": "evaluate",
    "attention": "evaluate",
    "sizes": "measure",
    "inference": "measure",
    "memory": "measure",
    "validity": "measure",
}
"""Sections whose numbers one stage found, by slug; those of the others stand in several."""

Places = Mapping[str, str]
"""The name of a cell -> its place, as an address."""


def places(record: Mapping[str, Any], stage: str = "", folder: str = "") -> Places:
    """`folder` leads from the page to the record's, with a slash at its end; empty where the page lies beside the record."""
    return {cell.name: f"{folder}{cell.source(stage)}" for cell in cells(record)}


def linked_section(section: Section, record: Mapping[str, Any]) -> Section:
    found = places(record, _STAGES.get(section.slug, ""))
    return replace(section, blocks=tuple(linked(block, found) for block in section.blocks))


def linked(block: Block, found: Places) -> Block:
    """The same block with its links; what has one already keeps it."""
    if isinstance(block, Table):
        return linked_table(block, found)
    if isinstance(block, Figures):
        return replace(block, url=block.url or _place(block.heading, found))
    return block


def linked_table(table: Table, found: Places) -> Table:
    groups = tuple(
        replace(
            group,
            url=group.url or _place(group.heading, found),
            rows=tuple((_head(row[0], found), *row[1:]) for row in group.rows),
        )
        for group in table.groups
    )
    urls = tuple(_place(column, found) for column in table.columns)
    return replace(table, url=table.url or _place(table.caption, found), urls=urls if any(urls) else (), groups=groups)


def _head(text: Text, found: Places) -> Text:
    if not text or text[0].url:
        return text
    url = _place(text[0].text, found)
    return (replace(text[0], url=url), *text[1:]) if url else text


def _place(heading: str, found: Places) -> str:
    """Of the cell whose name a heading is, or holds between commas before a colon: `Confusion, torch-cpu-seed1, matched: student`."""
    return next((found[each] for each in (heading, *heading.partition(": ")[0].split(", ")) if each in found), "")
