"""A report as plain data: sections of paragraphs, tables, figures and commands. HTML and Markdown both render this and nothing else.

Every string is raw text: escaping is the renderer's business. The one exception is `Figure.svg`, which `plots` has escaped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Span:
    """A run of text. `good`, `bad` and `caution` are badges: the words say it, the colour repeats it; `note` stands below the value.

    `url`, here and below: where the text leads, a whole address or one relative to the page; empty: nowhere.
    """

    text: str
    kind: Literal["plain", "strong", "code", "note", "good", "bad", "caution"] = "plain"
    url: str = ""


Text = tuple[Span, ...]
"""A paragraph, a list item or the content of a table cell."""


@dataclass(frozen=True)
class Paragraph:
    text: Text
    kind: Literal["paragraph"] = "paragraph"


@dataclass(frozen=True)
class Notice:
    """A paragraph that must not be overlooked."""

    text: Text
    kind: Literal["notice"] = "notice"


@dataclass(frozen=True)
class Bullets:
    items: tuple[Text, ...]
    kind: Literal["bullets"] = "bullets"


@dataclass(frozen=True)
class Group:
    """Rows of a table under one heading (empty: none). A row's first cell is its header."""

    rows: tuple[tuple[Text, ...], ...]
    heading: str = ""
    url: str = ""


@dataclass(frozen=True)
class Table:
    """`numeric` names the columns, by position, that hold numbers and are set flush right.

    `url` is the caption's; `urls` are those of the columns' headings, in their order, or none at all.
    """

    caption: str
    columns: tuple[str, ...]
    groups: tuple[Group, ...]
    numeric: frozenset[int] = frozenset()
    url: str = ""
    urls: tuple[str, ...] = ()
    kind: Literal["table"] = "table"


@dataclass(frozen=True)
class Figure:
    """A drawing with the numbers it was drawn from. Markdown leaves both out."""

    caption: str
    svg: str
    data: Table
    kind: Literal["figure"] = "figure"


@dataclass(frozen=True)
class Commands:
    lines: tuple[str, ...]
    kind: Literal["commands"] = "commands"


@dataclass(frozen=True)
class Figures:
    """Figures set side by side where the page is wide enough; `columns`: so many in a row, 0: as many as fit."""

    heading: str
    figures: tuple[Figure, ...]
    columns: int = 0
    url: str = ""
    kind: Literal["figures"] = "figures"


Block = Paragraph | Notice | Bullets | Table | Figures | Commands


@dataclass(frozen=True)
class Section:
    """`slug` is the anchor; `language`: the tag of another language than English."""

    slug: str
    title: str
    blocks: tuple[Block, ...]
    language: str = ""


@dataclass(frozen=True)
class Document:
    title: str
    lead: tuple[Block, ...]
    sections: tuple[Section, ...]


def plain(text: object) -> Text:
    return (Span(str(text)),)


def code(text: object) -> Text:
    return (Span(str(text), "code"),)


def noted(text: str, note: str) -> Text:
    """A value with what qualifies it below."""
    return (Span(text), Span(note, "note")) if note else (Span(text),)
