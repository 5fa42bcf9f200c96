"""Read a section as a reader does: its tables' cells as text, a note after a bar."""

from __future__ import annotations

from collections.abc import Iterator

from harness.report.document import Bullets, Figures, Notice, Paragraph, Section, Table, Text


def table(section: Section, caption: str) -> Table:
    """The one whose caption starts so."""
    (found,) = (block for block in section.blocks if isinstance(block, Table) and block.caption.startswith(caption))
    return found


def rows(table: Table, heading: str | None = None) -> list[tuple[str, ...]]:
    """Of every group, or of those whose heading starts so."""
    return [
        tuple("|".join(span.text for span in cell) for cell in row)
        for group in table.groups
        if heading is None or group.heading.startswith(heading)
        for row in group.rows
    ]


def texts(section: Section, heading: str | None = None) -> list[str]:
    """Every piece of text but captions; with a heading, only what stands in tables under it and in figures called so."""
    return list(_texts(section, heading))


def _texts(section: Section, heading: str | None) -> Iterator[str]:
    for block in section.blocks:
        if isinstance(block, Table):
            yield from (cell for row in rows(block, heading) for cell in row)
        elif isinstance(block, Figures) and (heading is None or heading in block.heading):
            yield from (cell for figure in block.figures for row in rows(figure.data) for cell in row)
        elif isinstance(block, Bullets) and heading is None:
            yield from map(_joined, block.items)
        elif isinstance(block, (Paragraph, Notice)) and heading is None:
            yield _joined(block.text)


def _joined(text: Text) -> str:
    return "".join(span.text for span in text)
