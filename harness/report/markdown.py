"""The report as Markdown for a code host: tables of GitHub's kind, no HTML, no drawings. Every string from outside is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.report.document import (
    Block,
    Bullets,
    Commands,
    Document,
    Figures,
    Group,
    Notice,
    Paragraph,
    Span,
    Table,
    Text,
)

# ASCII punctuation that starts something in CommonMark or GitHub's extensions; a backslash before it makes it text.
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&$@])")
# GitHub links bare addresses; a backslash inside breaks the pattern and is not shown.
_ADDRESS = re.compile(r"(https?|ftp)(?=:)|\bwww(?=\.)", re.IGNORECASE)


def markdown(document: Document) -> str:
    blocks = [f"# {escape(document.title)}", *(text for block in document.lead for text in _block(block))]
    for section in document.sections:
        blocks.append(f"## {escape(section.title)}")
        blocks += [text for block in section.blocks for text in _block(block)]
    return "\n\n".join(blocks) + "\n"


def escape(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    text = _SPECIAL.sub(r"\\\1", _one_line(text))
    return _ADDRESS.sub(lambda match: f"{match.group()}\\", text)


def code(text: str) -> str:
    """A code span that holds any text: fenced by more backticks than it has in a row."""
    text = _one_line(text)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    padding = " " if text.startswith("`") or text.endswith("`") else ""
    # A table cell ends at a bar even inside a code span, unless it is escaped there.
    return f"{fence}{padding}{text}{padding}{fence}".replace("|", "\\|")


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield _line(block.text)
    elif isinstance(block, Notice):
        yield f"> {_line(block.text)}"
    elif isinstance(block, Bullets):
        yield "\n".join(f"- {_line(item)}" for item in block.items)
    elif isinstance(block, Table):
        yield from _table(block)
    elif isinstance(block, Commands):
        yield _fenced(block.lines)
    elif isinstance(block, Figures):
        return
    else:
        raise TypeError(block)


def _fenced(lines: tuple[str, ...]) -> str:
    fence = "`" * max(3, 1 + max((len(run) for line in lines for run in re.findall("`+", line)), default=0))
    return "\n".join([f"{fence}sh", *lines, fence])


def _table(table: Table) -> Iterator[str]:
    rows = [
        f"| {' | '.join(_line(cell) for cell in row)} |"
        for group in table.groups
        for row in (*_heading(group, len(table.columns)), *group.rows)
    ]
    if rows:
        rules = ("---:" if column in table.numeric else "---" for column in range(len(table.columns)))
        urls = table.urls or ("",) * len(table.columns)
        columns = (_linked(name, url) for name, url in zip(table.columns, urls, strict=True))
        yield f"**{_linked(table.caption, table.url)}**"
        yield "\n".join([f"| {' | '.join(columns)} |", f"| {' | '.join(rules)} |", *rows])


def _heading(group: Group, width: int) -> list[tuple[Text, ...]]:
    """A group's heading is a row with one filled cell."""
    return [((Span(group.heading, "strong", group.url),), *((),) * (width - 1))] if group.heading else []


def _line(text: Text) -> str:
    """Spans set their own spaces, but for notes and badges, which follow their value after one."""
    parts = []
    for index, span in enumerate(text):
        apart = " " if index and span.kind in ("note", "good", "bad", "caution") else ""
        parts.append(apart + _span(span))
    return "".join(parts).strip()


def _span(span: Span) -> str:
    if span.kind == "code":
        return code(span.text)
    text = _linked(span.text, span.url)
    if span.kind == "note":
        return f"({text})"
    if span.kind in ("strong", "good", "bad", "caution"):
        # The marks must touch the text.
        return f"**{text}**" + (" " if span.text.endswith(" ") else "")
    leading, trailing = " " * span.text.startswith(" "), " " * (len(span.text) > 1 and span.text.endswith(" "))
    return f"{leading}{text}{trailing}"


def _linked(text: str, url: str) -> str:
    return f"[{escape(text)}]({url})" if url else escape(text)
