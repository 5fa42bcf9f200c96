from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from harness.errors import InfrastructureError
from harness.report import render
from tests.harness.report import records
from tests.harness.report.test_records import CASES

VOID = {"meta", "link", "img", "br", "hr", "input", "source"}
FILES = {"record.json", "results.csv", "report.html", "report.md"}
LEADS = ("#", "record.json#/", "data:text/csv;charset=utf-8,", "https://github.com/", "https://arxiv.org/")
LOADS = {"script", "link", "img", "iframe", "object", "embed", "source", "base", "form"}


class Page(HTMLParser):
    """Holds every tag against its end, and keeps what a test asks about."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self.text += " " * (tag in ("td", "th"))

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(case: str, folder: Path) -> Page:
    return Page(render(getattr(records, case)(), folder).html.read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES)
def test_a_page_is_whole_and_fetches_nothing(case: str, tmp_path: Path) -> None:
    page = page_of(case, tmp_path)
    assert not {tag for tag, _ in page.tags} & LOADS
    for _, attributes in page.tags:
        assert not any(name.startswith("on") or name in ("src", "srcset", "style") for name in attributes)
        href = attributes.get("href")
        assert href is None or href in FILES or href.startswith(LEADS)
        assert (href or "").startswith("data:") is ("download" in attributes)
    style = render(getattr(records, case)(), tmp_path).html.read_text(encoding="utf-8")
    assert "url(" not in style and "@import" not in style


@pytest.mark.parametrize("case", CASES)
def test_a_page_can_be_navigated(case: str, tmp_path: Path) -> None:
    page = page_of(case, tmp_path)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {
        attributes["href"] for tag, attributes in page.tags if tag == "a" and (attributes["href"] or "").startswith("#")
    } <= {f"#{name}" for name in ids}
    assert [tag for tag, _ in page.tags if tag == "h1"] == ["h1"]
    assert all(attributes.get("scope") for tag, attributes in page.tags if tag == "th")
    assert dict(page.tags)["html"] == {"lang": "en"}
    tables = [tag for tag, _ in page.tags if tag in ("table", "caption")]
    assert tables == ["table", "caption"] * (len(tables) // 2)


def test_the_order_of_a_report(tmp_path: Path) -> None:
    text = render(records.two_engines(), tmp_path).html.read_text(encoding="utf-8")
    order = ["resolved", "result", "zh", "claims", "errors", "attention", "training", "sizes", "inference",
             "memory", "validity", "provenance", "reproduce"]  # fmt: skip
    assert re.findall(r'<section id="(\w+)"', text) == order
    assert (
        text.index("distillation cost 6.0 points") < text.index("Quick profile.") < text.index('<section id="resolved"')
    )


def test_the_sample_is_named_and_marked(tmp_path: Path) -> None:
    page = page_of("embedded_sample", tmp_path)
    assert "TinyBERT on the embedded sample" in page.text
    assert "On the embedded sample (500 dev rows)" in page.text
    assert "on SST-2" not in page.text.lower().replace("sst-2", "SST-2")
    assert "Embedded sample." in page.text and "fallback" in page.text


def test_a_run_that_failed_still_has_a_report(tmp_path: Path) -> None:
    page = page_of("broken", tmp_path)
    assert "torch-cpu-seed1 is failed: no result from distill, evaluate, measure, export." in page.text
    assert "No answer, for want of a result from prepare," in page.text


def test_a_suite_that_measures_alone_misses_nothing_else(tmp_path: Path) -> None:
    page = page_of("geometry", tmp_path)
    assert "Size and speed of BERT-base, TinyBERT-4L and TinyBERT-6L" in page.text
    assert "TinyBERT-4L is 7.63x smaller than BERT-base; the dataset pass is 11.0x faster" in page.text
    assert "Random weights." in page.text and "no result" not in page.text and "not measured" not in page.text
    assert "vocabulary" in page.text and "teacher weights" not in page.text
    words = page.text.replace("distillation", "").replace("were distilled on augmented", "")
    assert "distill" not in words.replace("model_compress/distil/", "")


def test_a_measurement_that_failed_still_has_a_report(tmp_path: Path) -> None:
    record = records.geometry()
    (cell,) = record["cells"]
    cell["stages"], cell["status"] = cell["stages"][:1], "failed"
    page = Page(render(record, tmp_path).html.read_text(encoding="utf-8"))
    assert "No answer, for want of a result from measure." in page.text
    assert "torch-cpu-seed1 is failed: no result from measure." in page.text


def test_an_uncommitted_tree_is_told(tmp_path: Path) -> None:
    assert "with uncommitted changes" in page_of("two_engines", tmp_path).text
    assert "uncommitted" not in page_of("published", tmp_path).text


def test_a_run_outside_git(tmp_path: Path) -> None:
    record = records.two_engines()
    record["git"] = {"commit": None, "dirty": None}
    text = render(record, tmp_path).html.read_text(encoding="utf-8")
    assert "unknown: not a git checkout" in text and "git checkout None" not in text


def test_hostile_strings_are_text(tmp_path: Path) -> None:
    page = page_of("hostile", tmp_path)
    assert page.text.count("<script>alert(1)</script>") > 50
    assert "{{ 7*7 }}" in page.text and "\u202e" not in page.text


def test_both_files_hold_the_same_numbers(tmp_path: Path) -> None:
    """All but the drawings, which the page alone has."""
    paths = render(records.two_engines(), tmp_path)
    html = paths.html.read_text(encoding="utf-8")
    page = Page(re.sub(r"<(figure|h3|style|title)>.*?</\1>", "", html, flags=re.DOTALL))
    text = re.sub(r"\]\((https:|record\.json)[^)]*\)", "]", paths.markdown.read_text(encoding="utf-8"))
    number = r"\d[\d,.]*\d|\d"
    assert sorted(re.findall(number, page.text)) == sorted(re.findall(number, text))


def test_an_old_report_outlives_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    missing = tmp_path / "gone"
    with pytest.raises(InfrastructureError, match=r"cannot write the report into .*gone: .*; the record is kept"):
        render(records.two_engines(), missing)


def test_rendering_again_changes_nothing(tmp_path: Path) -> None:
    paths = render(records.two_engines(), tmp_path)
    first = paths.html.read_bytes(), paths.markdown.read_bytes()
    render(records.two_engines(), tmp_path)
    assert (paths.html.read_bytes(), paths.markdown.read_bytes()) == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.md", "results.csv"]
