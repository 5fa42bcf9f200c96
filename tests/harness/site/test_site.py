"""The site's files: golden ones, links that lead somewhere, and what is never lost.

REGENERATE_GOLDEN=1 python -m pytest tests/harness/site    writes the golden files anew: look at the difference
"""

from __future__ import annotations

import csv
import json
import os
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from harness.errors import InfrastructureError, UsageError
from harness.report.facts import clean
from harness.site import publish
from harness.site.runs import slug
from tests.harness.report import records
from tests.harness.report.test_markdown import tokens
from tests.harness.report.test_page import LOADS, Page
from tests.harness.report.test_sources import LINK, assert_leads_where_it_says
from tests.harness.site import finished

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of every made-up case, the hostile one, a slower run, and a record of another shape."""
    folder = tmp_path_factory.mktemp("site")
    again = finished.slower(finished.run("two_engines", 21), 1.1)
    hostile = finished.run("hostile", 22) | {"created_at": "2026-11-22T21:30:00+00:00"}
    made = [*finished.every_case(), again, hostile]
    runs = finished.write(folder / "runs", *made)
    (runs / "old").mkdir()
    (runs / "old" / "record.json").write_text(json.dumps({"record": 1, "created_at": "2026-11-01T00:00:00"}))
    publish(runs, folder / "site", folder / "published")
    return folder / "site"


@pytest.fixture(scope="module")
def golden_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("golden")
    runs = finished.write(
        folder / "runs", *finished.every_case(), finished.slower(finished.run("two_engines", 21), 1.1)
    )
    publish(runs, folder / "site", folder / "published")
    return folder / "site"


@pytest.mark.parametrize(
    "file", ["index.md", "task-SST-2.md", "task-geometry.md", "leaderboard.md", "leaderboard.csv", "site.json"]
)
def test_golden(golden_site: Path, file: str) -> None:
    text = (golden_site / file).read_text(encoding="utf-8")
    if os.environ.get("REGENERATE_GOLDEN"):
        (GOLDEN / file).write_text(text, encoding="utf-8", newline="\n")
    assert text == (GOLDEN / file).read_text(encoding="utf-8")


def pages(site: Path) -> list[Path]:
    return sorted(site.glob("*.html"))


def test_pages_are_whole_and_fetch_nothing(site: Path) -> None:
    assert len(pages(site)) == 9
    for path in pages(site):
        page = Page(path.read_text(encoding="utf-8"))
        assert not {tag for tag, _ in page.tags} & LOADS
        assert not any(
            name.startswith("on") or name in ("src", "srcset", "style") for _, found in page.tags for name in found
        )


def test_every_link_leads_somewhere(site: Path) -> None:
    """Of the site's pages and of every run's report."""
    reports = sorted(site.glob("runs/*/report.html"))
    assert len(reports) == 12
    for path in (*pages(site), *reports):
        assert_links_resolve(path)


def assert_links_resolve(path: Path) -> None:
    """Files are there, and what is named inside them as well."""
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    ids = {found["id"] for _, found in page.tags if "id" in found}
    for href in (found["href"] or "" for tag, found in page.tags if tag == "a"):
        if href.startswith("#"):
            assert href[1:] in ids
        elif not href.startswith(("https://", "data:")):
            assert (path.parent / unquote(href.partition("#")[0])).is_file(), href
    for file, pointer, shown in LINK.findall(text):
        record = clean(json.loads((path.parent / unquote(file)).read_text(encoding="utf-8")))
        assert_leads_where_it_says(record, pointer, shown)


def test_every_table_of_numbers_leads_to_a_record(site: Path) -> None:
    for path in pages(site):
        for table in re.findall(r"<table>.*?</table>", path.read_text(encoding="utf-8"), flags=re.DOTALL):
            numbers_of_a_scatter = "<caption>" in table and " against forward time" in table.split("</caption>")[0]
            assert "record.json" in table or "Under which conditions" in table or numbers_of_a_scatter


def test_every_line_of_a_ranking_and_of_the_results_links_to_its_record(site: Path) -> None:
    text = (site / "task-SST-2.md").read_text(encoding="utf-8").split("## Trend")[0]
    lines = [line for line in text.splitlines() if line.startswith("| [")]
    assert lines and all("/record.json#/cells/" in line for line in lines)
    with (site / "leaderboard.csv").open(encoding="utf-8") as file:
        for line in csv.DictReader(file):
            record = json.loads((site / line["record"]).read_text(encoding="utf-8"))
            assert (
                line["cell"] in [" ".join(cell["name"].split()) for cell in record["cells"]] or "script" in line["cell"]
            )


def test_records_are_as_they_were_written(site: Path) -> None:
    for path in (site.parent / "runs").glob("2*/record.json"):
        assert (site / "runs" / path.parent.name / "record.json").read_bytes() == path.read_bytes()


def test_a_record_of_another_shape_is_named(site: Path) -> None:
    text = (site / "index.md").read_text(encoding="utf-8")
    assert "**old:** the record of old has not this version's shape" in text
    assert json.loads((site / "site.json").read_text(encoding="utf-8"))["left_out"][0]["folder"] == "old"


def test_hostile_strings_are_text(site: Path) -> None:
    shown = sum(Page(path.read_text(encoding="utf-8")).text.count("<script>alert(1)</script>") for path in pages(site))
    assert shown > 30
    for path in sorted(site.glob("*.md")):
        found = tokens(path.read_text(encoding="utf-8"))
        assert not [token for token in found if token.startswith(("html", "image", "s_open", "hr"))]
        assert not [token for token in found if token.startswith("link_open") and "javascript:" in token]
    for name in json.loads((site / "site.json").read_text(encoding="utf-8"))["tasks"]:
        assert set(name["page"]) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


@pytest.mark.parametrize("name", ["SST-2", "a/b", "..", "", "a b", records.HOSTILE, "ümlaut", "x" * 300])
def test_slugs_are_safe_and_distinct(name: str) -> None:
    found = slug(name)
    assert found and "/" not in found and not found.startswith(".") and len(found) < 100
    assert found != slug(name + " ")


def test_the_newest_run_heads_the_index(site: Path) -> None:
    text = (site / "index.md").read_text(encoding="utf-8")
    section = text.split("\n## SST-2\n")[1].split("\n## ")[0]
    assert "Run 20261121-213000-two-engines" in section and "SST-2: 5 earlier and this one, trend" in section


def test_published_runs_stand_beside_and_count_first(tmp_path: Path) -> None:
    record = finished.run("published")
    finished.write(tmp_path / "published", record)
    finished.write(tmp_path / "runs", record | {"profile": "quick"})
    site = publish(tmp_path / "runs", tmp_path / "site", tmp_path / "published")
    assert site.runs == 1
    assert json.loads((tmp_path / "site" / "site.json").read_text())["tasks"][0]["runs"][0]["profile"] == "full"


def test_no_run_is_a_site_too(tmp_path: Path) -> None:
    publish(tmp_path / "none", tmp_path / "site", tmp_path / "published")
    assert "No finished run yet" in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert "No cell with a score yet" in (tmp_path / "site" / "leaderboard.html").read_text(encoding="utf-8")


def test_an_earlier_site_is_replaced_whole(tmp_path: Path) -> None:
    publish(finished.write(tmp_path / "runs", finished.run("cola")), tmp_path / "site", tmp_path / "published")
    publish(finished.write(tmp_path / "other", finished.run("geometry")), tmp_path / "site", tmp_path / "published")
    assert not (tmp_path / "site" / "task-CoLA.html").exists() and (tmp_path / "site" / "task-geometry.html").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "runs", "site"]


def test_an_earlier_site_outlives_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = finished.write(tmp_path / "runs", finished.run("cola"))
    publish(runs, tmp_path / "site", tmp_path / "published")
    before = {path: path.read_bytes() for path in (tmp_path / "site").rglob("*") if path.is_file()}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("harness.site._copy", full)
    with pytest.raises(InfrastructureError, match="No space left on device; what was there is kept"):
        publish(runs, tmp_path / "site", tmp_path / "published")
    assert {path: path.read_bytes() for path in (tmp_path / "site").rglob("*") if path.is_file()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs", "site"]


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"holds other things than a site"):
        publish(tmp_path / "runs", tmp_path / "site", tmp_path / "published")
    assert [path.name for path in (tmp_path / "site").iterdir()] == ["thesis.txt"]


def test_the_same_runs_make_the_same_site(tmp_path: Path, golden_site: Path) -> None:
    publish(golden_site.parent / "runs", tmp_path / "site", tmp_path / "published")
    again = {
        path.relative_to(tmp_path / "site"): path.read_bytes()
        for path in (tmp_path / "site").rglob("*")
        if path.is_file()
    }
    assert again == {
        path.relative_to(golden_site): path.read_bytes() for path in golden_site.rglob("*") if path.is_file()
    }
