"""A report of 200 cells is drawn in under 3 s, from the record as it was read to the page's text (docs/report.md)."""

from __future__ import annotations

from pytest_benchmark.fixture import BenchmarkFixture

from harness.report.content import document
from harness.report.facts import clean
from harness.report.page import page
from tests.harness.report import records

CELLS, LIMIT_S = 200, 3.0


def test_two_hundred_cells(benchmark: BenchmarkFixture) -> None:
    record = records.many(CELLS)
    benchmark.pedantic(lambda: page(document(clean(record))), rounds=3, warmup_rounds=1)
    assert benchmark.stats is not None
    assert benchmark.stats["median"] < LIMIT_S
