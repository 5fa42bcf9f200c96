"""Every table of numbers leads to the record, and every link into it to what it names."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.report import render
from harness.report.content import document
from harness.report.document import Table
from harness.report.facts import clean
from tests.harness.report import records
from tests.harness.report.test_records import CASES

Record = Mapping[str, Any]
MEASURED = ("result", "zh", "claims", "seeds", "errors", "training", "sizes", "inference", "memory", "validity")
LINK = re.compile(r'<a href="([^"#]*record\.json)#([^"]*)">(.*?)</a>', re.DOTALL)


def resolved(record: Record, pointer: str) -> Any:
    """RFC 6901. Raises KeyError, IndexError for a place that is not there."""
    found: Any = record
    for part in pointer.split("/")[1:]:
        found = found[int(part) if isinstance(found, Sequence) else part]
    return found


def addresses(table: Table) -> Iterator[str]:
    yield from (table.url, *table.urls)
    for group in table.groups:
        yield from (group.url, *(span.url for row in group.rows for cell in row for span in cell))


def assert_leads_where_it_says(record: Record, pointer: str, text: str) -> None:
    """A link that names cells leads to the first of them, or to a claim held against it."""
    found, shown = resolved(record, pointer), html.unescape(text)
    if pointer.startswith("/claims/"):
        assert shown == found["cell"]
        return
    assert pointer.startswith("/cells/")
    names = [cell["name"] for cell in record["cells"] if cell["name"] in shown]
    assert not names or record["cells"][int(pointer.split("/")[2])]["name"] == names[0]


@pytest.mark.parametrize("case", CASES)
def test_every_table_of_numbers_leads_to_the_record(case: str) -> None:
    sections = document(clean(getattr(records, case)())).sections
    tables = [block for each in sections if each.slug in MEASURED for block in each.blocks if isinstance(block, Table)]
    assert [
        table.caption for table in tables if not any(url.startswith("record.json#/") for url in addresses(table))
    ] == []


@pytest.mark.parametrize("case", CASES)
def test_every_link_leads_where_it_says(case: str, tmp_path: Path) -> None:
    record = clean(getattr(records, case)())
    paths = render(record, tmp_path)
    found = LINK.findall(paths.html.read_text(encoding="utf-8"))
    assert found
    for file, pointer, text in found:
        assert file == "record.json"
        assert_leads_where_it_says(record, pointer, text)
    in_markdown = re.findall(r"\]\(record\.json#([^)\s]*)\)", paths.markdown.read_text(encoding="utf-8"))
    # Markdown has no drawings, and no headings of theirs.
    assert (
        {pointer for _, pointer, _ in found}
        >= set(in_markdown)
        >= {pointer for _, pointer, _ in found if "claims" in pointer}
    )


def test_a_number_leads_to_the_stage_that_found_it(tmp_path: Path) -> None:
    """The forward times of oneflow's cell, the second one, stand in the result of its fifth stage, measure."""
    record = records.two_engines()
    text = render(record, tmp_path).markdown.read_text(encoding="utf-8")
    assert "| **[oneflow-cpu-seed1: student](record.json#/cells/1/stages/4/result)** |" in text
    assert "forward" in resolved(record, "/cells/1/stages/4/result")["details"]
    assert "| [torch-cpu-seed1](record.json#/cells/0/stages/3/result) | 672 |" in text, "who is right, by evaluate"


def test_each_seed_s_score_leads_to_its_cell(tmp_path: Path) -> None:
    text = render(records.seeds(), tmp_path).markdown.read_text(encoding="utf-8")
    assert "[92.3 %](record.json#/cells/0/stages/3/result), [91.9 %](record.json#/cells/1/stages/3/result)" in text


def test_the_files_stand_on_top(tmp_path: Path) -> None:
    text = render(records.two_engines(), tmp_path).markdown.read_text(encoding="utf-8").split("\n## ")[0]
    assert re.findall(r"\]\(([^)]*)\)", text) == ["record.json", "results.csv", "report.html", "report.md"]
