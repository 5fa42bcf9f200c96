"""What is held against what, and what is not. REGENERATE_GOLDEN=1 writes the golden files anew."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from harness.compare import compare
from harness.errors import UsageError
from harness.report import render
from tests.harness.report import records
from tests.harness.report.records import Json
from tests.harness.report.test_markdown import tokens
from tests.harness.report.test_page import Page
from tests.harness.site import finished
from tests.harness.site.test_site import assert_links_resolve

GOLDEN = Path(__file__).parent / "golden"


def compared(folder: Path, *made: Json) -> list[dict[str, str]]:
    runs = finished.write(folder / "runs", *made)
    compare([runs / each["run_id"] for each in made], folder / "out")
    with (folder / "out" / "comparison.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def line(lines: list[dict[str, str]], side: int, quantity: str) -> dict[str, str]:
    (found,) = (each for each in lines if (each["side"], each["quantity"]) == (str(side), quantity))
    return found


@pytest.mark.parametrize("suffix", ["md", "csv"])
def test_golden(tmp_path: Path, suffix: str) -> None:
    compared(
        tmp_path,
        finished.run("two_engines", 1),
        finished.slower(finished.run("two_engines", 2), 1.1),
        finished.run("unstable", 3),
    )
    text = (tmp_path / "out" / f"comparison.{suffix}").read_text(encoding="utf-8")
    golden = GOLDEN / f"comparison.{suffix}"
    if os.environ.get("REGENERATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8", newline="\n")
    assert text == golden.read_text(encoding="utf-8")


def test_a_slower_run_is_slower(tmp_path: Path) -> None:
    lines = compared(tmp_path, finished.run("published", 1), finished.slower(finished.run("published", 2), 1.25))
    found = line(lines, 2, "forward")
    assert float(found["against_first"]) == pytest.approx(0.8)
    assert float(found["against_low"]) < 0.8 < float(found["against_high"]) < 1
    assert line(lines, 1, "forward")["against_first"] == ""
    assert "0.80x (slower)" in (tmp_path / "out" / "comparison.md").read_text(encoding="utf-8")


def test_equal_runs_show_no_difference(tmp_path: Path) -> None:
    compared(tmp_path, finished.run("published", 1), finished.run("published", 2))
    text = (tmp_path / "out" / "comparison.md").read_text(encoding="utf-8")
    assert "Between these cells differ: nothing but what stands in no record." in text
    assert text.count("no difference seen") == 2 and "the same" in text


@pytest.mark.parametrize(
    ("first", "other", "quantity", "why"),
    [
        ("two_engines", "published", "forward", "another device"),
        ("published", "cola", "accuracy", ""),
        ("published", "cola", "dataset pass", "other rows"),
        ("published", "embedded_sample", "accuracy", "other rows"),
        ("two_engines", "unstable", "forward", "unstable: rounds disagree"),
    ],
)
def test_what_says_nothing_is_not_compared(tmp_path: Path, first: str, other: str, quantity: str, why: str) -> None:
    one, two = finished.run(first, 1), finished.run(other, 2)
    one["cells"], two["cells"] = one["cells"][:1], two["cells"][:1]
    lines = [each for each in compared(tmp_path, one, two) if each["side"] == "2" and each["quantity"] == quantity]
    assert all(each["against_first"] == "" and why in each["note"] for each in lines)
    assert bool(lines) is bool(why)


def test_another_machine_of_the_same_name_is_another(tmp_path: Path) -> None:
    one, two = finished.run("published", 1), finished.run("published", 2)
    two["host"]["hostname_hash"] = "beef"
    assert line(compared(tmp_path, one, two), 2, "forward")["note"] == "another machine"


def test_links_lead_to_the_runs(tmp_path: Path) -> None:
    """Beside one another, as below `runs/comparisons`, and wherever `--to` says; a folder's name may hold anything."""
    made = [finished.run("two_engines", 1), finished.run("published", 2) | {"run_id": "a b#c%20(d)?"}]
    runs = finished.write(tmp_path / "runs", *made)
    folders = [runs / each["run_id"] for each in made]
    for record, folder in zip(made, folders, strict=True):
        render(record, folder)
    for to in (runs / "comparisons" / "x", tmp_path / "elsewhere"):
        compare(folders, to)
        assert_links_resolve(to / "comparison.html")
        text = (to / "comparison.md").read_text(encoding="utf-8")
        assert (text.count("/report.html)"), text.count("a%20b%23c%2520%28d%29%3F/report.html)")) == (3, 1)


def test_one_cell_is_nothing_to_compare(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name two runs"):
        compared(tmp_path, finished.run("published"))


def test_hostile_strings_are_text(tmp_path: Path) -> None:
    compared(
        tmp_path,
        finished.run("two_engines", 1),
        records.hostile() | {"run_id": "hostile", "created_at": "2026-11-22T00:00:00"},
    )
    page = Page((tmp_path / "out" / "comparison.html").read_text(encoding="utf-8"))
    assert page.text.count("<script>alert(1)</script>") > 5
    found = tokens((tmp_path / "out" / "comparison.md").read_text(encoding="utf-8"))
    assert not [token for token in found if token.startswith(("html", "image", "s_open"))]
    assert all("'../runs/" in token for token in found if token.startswith("link_open"))
