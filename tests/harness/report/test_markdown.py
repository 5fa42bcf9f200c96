"""Golden files, and a CommonMark parser as the judge of what is text.

REGENERATE_GOLDEN=1 python -m pytest tests/harness/report/test_markdown.py    writes the golden files anew: look at the difference
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from harness.report import render
from harness.report.markdown import code, escape
from tests.harness.report import records
from tests.harness.report.test_page import FILES, LEADS
from tests.harness.report.test_records import CASES

GOLDEN = Path(__file__).parent / "golden"


def markdown_of(case: str, folder: Path) -> str:
    return render(getattr(records, case)(), folder).markdown.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", [each for each in CASES if each != "hostile"])
def test_golden(case: str, tmp_path: Path) -> None:
    golden = GOLDEN / f"{case}.md"
    text = markdown_of(case, tmp_path)
    if os.environ.get("REGENERATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8", newline="\n")
    assert text == golden.read_text(encoding="utf-8")


def tokens(text: str) -> list[str]:
    """Every token's kind and content, as a code host would read them."""
    parsed = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(text)
    return [
        f"{token.type} {token.content or token.attrs}" for block in parsed for token in (block, *(block.children or ()))
    ]


@pytest.mark.parametrize("case", CASES)
def test_nothing_but_tables_and_text(case: str, tmp_path: Path) -> None:
    text = markdown_of(case, tmp_path)
    found = tokens(text)
    assert not [token for token in found if token.startswith(("html", "image", "s_open", "hr"))]
    links = [token.split("'")[3] for token in found if token.startswith("link_open")]
    assert all(link in FILES or link.startswith(LEADS[1:]) for link in links)
    assert sum(token.startswith("table_open") for token in found) == text.count("\n| ---")


@pytest.mark.parametrize("case", CASES)
def test_every_row_has_its_table_s_columns(case: str, tmp_path: Path) -> None:
    width = 0
    for line in markdown_of(case, tmp_path).splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) - 1 if line.startswith("|") else 0
        assert cells == width or width == 0 or cells == 0
        width = cells


def test_hostile_strings_come_out_as_they_went_in(tmp_path: Path) -> None:
    parsed = MarkdownIt("commonmark").enable("table").parse(markdown_of("hostile", tmp_path))
    shown = ["".join(child.content for child in token.children or ()) for token in parsed if token.type == "inline"]
    wanted = re.sub(r"\s+", " ", records.HOSTILE.replace("\u202e", " "))
    assert sum(wanted in text for text in shown) > 50


@pytest.mark.parametrize(
    "text", ["https://e.example", "HTTP://e.example", "www.e.example", "me@e.example", "ftp://e.example"]
)
def test_addresses_are_not_linked(text: str) -> None:
    """GitHub links these unless something stands between; a backslash does, and is not shown."""
    assert re.search(r"://|www\.|\w@", escape(text), flags=re.IGNORECASE) is None or "\\" in escape(text)
    assert (
        "".join(child.content for child in MarkdownIt("commonmark").parseInline(escape(text))[0].children or ()) == text
    )


@pytest.mark.parametrize("text", ["plain", "a `b` c", "``", "`", "end`", "a ``` b"])
def test_code_holds_any_text(text: str) -> None:
    (inline,) = MarkdownIt("commonmark").parseInline(code(text))
    assert [(child.type, child.content) for child in inline.children or ()] == [("code_inline", text)]


def test_a_command_cannot_leave_its_fence(tmp_path: Path) -> None:
    record = records.two_engines()
    record["command"] = "make bench # ```\n# Owned"
    fences = [
        token
        for token in tokens(render(record, tmp_path).markdown.read_text(encoding="utf-8"))
        if token.startswith("fence")
    ]
    assert len(fences) == 1 and "# ``` # Owned" in fences[0]
