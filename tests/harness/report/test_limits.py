"""A run of many cells: its report stays small, and leaves out drawings alone. Its time is kept by benchmarks/test_report.py."""

from __future__ import annotations

from harness.report.content import document
from harness.report.document import Table
from harness.report.facts import clean
from harness.report.limits import MOST
from harness.report.page import page
from tests.harness.report import records

CELLS, MOST_BYTES = 200, 5_000_000


def test_two_hundred_cells_stay_below_five_megabytes() -> None:
    made = document(clean(records.many(CELLS)))
    text = page(made)
    assert len(text.encode()) < MOST_BYTES
    assert f"the first {MOST} of {CELLS}; record.json holds the others." in text
    for section in ("result", "inference", "validity"):
        (blocks,) = (each.blocks for each in made.sections if each.slug == section)
        tables = [block for block in blocks if isinstance(block, Table)]
        assert any(sum(len(group.rows) for group in table.groups) >= CELLS for table in tables)


def test_few_cells_have_every_drawing() -> None:
    assert "record.json holds the others" not in page(document(clean(records.many(MOST))))
