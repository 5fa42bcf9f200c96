"""The numbers of every figure as the page lets them be downloaded, decoded the way a browser does."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from harness.report import download, render
from harness.report.content import document
from harness.report.document import Figure, Figures, Group, Table, plain
from harness.report.facts import clean
from tests.harness.report import records
from tests.harness.report.test_page import Page
from tests.harness.report.test_records import CASES

HEAD = "data:text/csv;charset=utf-8,"


def links(case: str, folder: Path) -> list[dict[str, str | None]]:
    page = Page(render(getattr(records, case)(), folder).html.read_text(encoding="utf-8"))
    return [found for tag, found in page.tags if tag == "a" and "download" in found]


def decoded(address: str) -> list[list[str]]:
    assert address.startswith(HEAD)
    return list(csv.reader(io.StringIO(unquote(address.removeprefix(HEAD), errors="strict"))))


def as_number(text: str) -> float | str:
    """What a reader takes a shown number for."""
    try:
        return float(text.replace(",", "").replace("\u2212", "-").removesuffix(" %"))
    except ValueError:
        return text


@pytest.mark.parametrize("case", CASES)
def test_every_figure_s_numbers_can_be_downloaded(case: str, tmp_path: Path) -> None:
    blocks = [block for section in document(clean(getattr(records, case)())).sections for block in section.blocks]
    figures = [figure for block in blocks if isinstance(block, Figures) for figure in block.figures]
    found = links(case, tmp_path)
    assert len(found) == len(figures)
    for figure, link in zip(figures, found, strict=True):
        head, *lines = decoded(link["href"] or "")
        shown = [row for group in figure.data.groups for row in group.rows]
        assert [each.removesuffix(", %").lstrip("'") for each in head] == list(figure.data.columns)
        assert len(lines) == len(shown)
        for line, row in zip(lines, shown, strict=True):
            wanted = [as_number(" ".join(span.text for span in cell)) for cell in row]
            assert [as_number(field.lstrip("'")) for field in line] == wanted


@pytest.mark.parametrize("case", CASES)
def test_each_link_says_of_which_figure(case: str, tmp_path: Path) -> None:
    found = links(case, tmp_path)
    names = [str(link["aria-label"]) for link in found]
    assert all(name.startswith("CSV: ") for name in names) and len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9-]+\.csv", str(link["download"])) for link in found)


def table(columns: tuple[str, ...], *rows: tuple[str, ...], numeric: tuple[int, ...] = (), heading: str = "") -> Table:
    return Table("t", columns, (Group(tuple(tuple(map(plain, row)) for row in rows), heading),), frozenset(numeric))


def test_numbers_are_plain() -> None:
    made = table(
        ("who", "n", "change", "share"),
        ("a", "2,400", "\u22123.50", "91.1 %"),
        ("b", "", "absent", ""),
        numeric=(1, 2, 3),
    )
    assert download.text(made) == 'who,n,change,"share, %"\na,2400,-3.5,91.1\nb,,absent,\n'


def test_rows_are_told_by_their_group() -> None:
    made = table(("run", "ms"), ("r1", "3.1"), numeric=(1,), heading="torch, full")
    assert download.text(made) == 'group,run,ms\n"torch, full",r1,3.1\n'


@pytest.mark.parametrize(
    "text", ['=HYPERLINK("http://e.example")', "+1 1", "-1|cmd", "@SUM(1)", "\u2212x", records.HOSTILE]
)
def test_text_from_outside_is_harmless(text: str) -> None:
    """It stays inside the attribute, and a spreadsheet does not run it: as a name, as a heading, or in place of a number."""
    made = table((text, text), (text, text), numeric=(1,), heading=text)
    address = download.address(made)
    assert re.fullmatch(r"[A-Za-z0-9,:;/()=+!*$@%._~-]+", address)
    fields = [field for line in decoded(address) for field in line if field != "group"]
    assert len(fields) == 5 and not any(field[:1] in "=+-@" for field in fields)
    assert {field.removeprefix("'") for field in fields} == {text}


def test_a_file_s_name_is_safe() -> None:
    block = Figures("Confusion, a/../b", (Figure("c", "", table(("x",))),))
    assert download.file_name(download.name(block, block.figures[0])) == "confusion-a-b-t.csv"
    assert download.file_name("中文") == "numbers.csv" and len(download.file_name("x" * 999)) < 100
