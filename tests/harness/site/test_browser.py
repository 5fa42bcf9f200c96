"""Every page in real Chromium: widths, colour schemes, contrast, keyboard, and nothing that leaves the page."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.compare import compare
from harness.report import render
from harness.site import publish
from tests.harness.report import records
from tests.harness.site import finished

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: containers/requirements/browser.txt")
CHROMIUM = (
    os.environ.get("CHROMIUM")
    or shutil.which("chromium")
    or shutil.which("chromium-browser")
    or shutil.which("google-chrome")
)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="needs Chromium (Debian: apt install chromium), or CHROMIUM=/path"
)

WIDTHS, SCHEMES = (360, 768, 1280), ("light", "dark")
PAGES = (
    "site/index.html", "site/leaderboard.html", "site/task-SST-2.html", "site/task-geometry.html", "comparison/comparison.html",
    "two_engines/report.html", "mnli/report.html", "hostile/report.html",
)  # fmt: skip


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    made = [*finished.every_case(), finished.slower(finished.run("two_engines", 21), 1.1), finished.run("hostile", 22)]
    made[-1]["created_at"] = "2026-11-22T21:30:00+00:00"
    made[-1]["run_id"] = "hostile"
    runs = finished.write(folder / "runs", *made)
    publish(runs, folder / "site", folder / "published")
    compare([runs / made[0]["run_id"], runs / made[2]["run_id"], runs / "hostile"], folder / "comparison")
    for case in ("two_engines", "mnli", "hostile"):
        (folder / case).mkdir()
        render(getattr(records, case)(), folder / case)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        # Root has no sandbox, and containers no large /dev/shm.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


def opened(browser: Any, path: Path, width: int, scheme: str) -> tuple[Any, list[str], list[str]]:
    """The page, its requests, and what it said on the console or failed with."""
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    requests: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(path.as_uri())
    return page, requests, said


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_nothing_overflows_speaks_or_leaves(browser: Any, pages: Path, name: str, width: int, scheme: str) -> None:
    page, requests, said = opened(browser, pages / name, width, scheme)
    try:
        assert said == [] and requests == [(pages / name).as_uri()]
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), (
            page.evaluate(WIDEST)
        )
        assert page.evaluate(FAINT) == []
        for details in page.locator("details").all()[:3]:
            details.evaluate("each => each.open = true")
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), (
            page.evaluate(WIDEST)
        )
    finally:
        page.close()


WIDEST = """() => [...document.querySelectorAll("body *")].filter(e => !e.closest(".scroll, pre, svg") &&
  e.getBoundingClientRect().right > innerWidth + 1).slice(0, 5).map(e => e.outerHTML.slice(0, 200))"""

# WCAG 2.1: 4.5 to 1 between text and what is behind it.
FAINT = """() => {
  const numbers = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0.99) return colour;
    }
    return [255, 255, 255];
  };
  const found = new Map();
  for (const element of document.querySelectorAll("body *")) {
    if (![...element.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || element.closest("title, desc, style")) continue;
    const style = getComputedStyle(element), colour = numbers(element.closest("svg") ? style.fill : style.color);
    const [a, b] = [light(colour), light(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) found.set(`${element.tagName}.${element.getAttribute("class")}`, ratio);
  }
  return [...found];
}"""


@pytest.mark.parametrize("name", ["site/index.html", "site/leaderboard.html", "two_engines/report.html"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_keyboard_reaches_everything_and_shows_where_it_is(
    browser: Any, pages: Path, name: str, scheme: str
) -> None:
    page, _, _ = opened(browser, pages / name, 768, scheme)
    try:
        wanted = page.evaluate("document.querySelectorAll(\"a[href], summary, [tabindex='0']\").length")
        seen = set()
        for _ in range(min(wanted, 60)):
            page.keyboard.press("Tab")
            found = page.evaluate(FOCUSED)
            assert found["visible"] and found["width"] >= 2 and found["style"] == "solid", found
            seen.add(found["at"])
        assert len(seen) == min(wanted, 60)
    finally:
        page.close()


FOCUSED = """() => {
  const e = document.activeElement, style = getComputedStyle(e);
  return {visible: e.matches(":focus-visible"), width: parseFloat(style.outlineWidth), style: style.outlineStyle,
    at: [...document.querySelectorAll("*")].indexOf(e)};
}"""


@pytest.mark.parametrize("name", ["site/leaderboard.html", "two_engines/report.html"])
def test_on_paper_nothing_is_cut_off(browser: Any, pages: Path, name: str) -> None:
    page, _, _ = opened(browser, pages / name, 768, "dark")
    try:
        page.emulate_media(media="print")
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), (
            page.evaluate(WIDEST)
        )
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.locator("a[download]").count() and not any(
            link.is_visible() for link in page.locator("a[download]").all()
        )
    finally:
        page.close()


@pytest.mark.parametrize("name", ["site/leaderboard.html", "two_engines/report.html"])
def test_a_figure_s_numbers_come_as_a_file(browser: Any, pages: Path, name: str, tmp_path: Path) -> None:
    """By keyboard: what is saved are the rows of the table beside the link."""
    page, requests, said = opened(browser, pages / name, 1280, "light")
    try:
        link = page.locator("a[download]").first
        assert link.evaluate("each => each.parentElement.parentElement.tagName") == "FIGURE"
        link.focus()
        with page.expect_download() as found:
            page.keyboard.press("Enter")
        assert found.value.suggested_filename == link.get_attribute("download")
        found.value.save_as(tmp_path / "numbers.csv")
        with (tmp_path / "numbers.csv").open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file))
        rows = page.locator("figure").first.locator("tr")
        assert len(lines) == rows.count()
        assert lines[1][0] == rows.nth(1).locator("th").text_content()
        assert said == [] and not [each for each in requests if not each.startswith(("file:", "data:"))]
    finally:
        page.close()


def test_a_page_of_many_cells_opens(browser: Any, tmp_path: Path) -> None:
    """How soon it opens is a matter of the machine: it took Chromium 2 to 3 s (docs/report.md)."""
    render(records.many(200), tmp_path)
    page, _, said = opened(browser, tmp_path / "report.html", 1280, "light")
    try:
        assert said == []
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    finally:
        page.close()
