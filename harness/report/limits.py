"""What a report of many cells leaves out: drawings, and single rows to look at, beyond the first cells. No result is left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from harness.report.document import Block, Paragraph, plain

MOST = 4
"""With the drawings of 200 cells a page would be some 15 MB and take most of its time."""

Item = TypeVar("Item")


def first(items: Sequence[Item], what: str, of_many: int = MOST) -> tuple[Sequence[Item], list[Block]]:
    """The first few of what a section has one of for each cell, and a paragraph on the others where there are some.

    `of_many`: so many stay where there are more than MOST, for what is larger than one drawing.
    """
    if len(items) <= MOST:
        return items, []
    told = f"{what}: the first {of_many} of {len(items)}; record.json holds the others."
    return items[:of_many], [Paragraph(plain(told))]
