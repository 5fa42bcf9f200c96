"""The Chinese tables of the site and of comparisons: the numbers of the English ones, and no English word left."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from harness.compare import content as comparison
from harness.compare.side import sides
from harness.report.document import Document, Paragraph, Section, Table
from harness.site import leaderboard, task_page
from harness.site.ranking import rankings
from harness.site.runs import gather, subjects
from tests.harness.report.records import CONTAINER
from tests.harness.site import finished

# Names of data, models, engines, devices and authors, and units.
NAMES = {
    "AMD", "BERT", "CoLA", "Donner", "EPYC", "GeForce", "MNLI", "NVIDIA", "RTX", "SST", "STS", "Ti", "TinyBERT", "Zou", "base", "cpu",
    "cuda", "matched", "ms", "oneflow", "threads", "torch",
}  # fmt: skip


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Document]:
    """Every kind of page that has a Chinese section beside a report's own."""
    folder = tmp_path_factory.mktemp("runs")
    contained = finished.run("published", 20)
    contained["cells"][0]["container"] = CONTAINER
    made = [*finished.every_case(), contained, finished.slower(finished.run("published", 21), 1.1)]
    finished.write(folder, *made)
    runs, _ = gather((folder,))
    found = {name: task_page.document(name, each, ()) for name, each in subjects(runs).items()}
    found["leaderboard"] = leaderboard.document(rankings(runs), ())
    folders = [folder / each["run_id"] for each in (*made[:3], made[5], *made[7:])]
    found["comparison"] = comparison.document(sides(folders, folder / "comparison"))
    found["same"] = comparison.document(sides([folders[2], folders[-1]], folder / "comparison"))
    return found


def chinese(page: Document) -> Section:
    (section,) = (each for each in page.sections if each.language == "zh-Hans")
    return section


def tables(section: Section) -> list[Table]:
    return [block for block in section.blocks if isinstance(block, Table)]


def shown(section: Section) -> Iterator[str]:
    """Every text but names: those of runs and cells are links, those of published sources stand with what they are."""
    yield section.title
    for block in section.blocks:
        if isinstance(block, Paragraph):
            yield from (span.text for span in block.text)
        if isinstance(block, Table):
            yield from (block.caption, *block.columns, *(group.heading for group in block.groups))
            spans = [span for group in block.groups for row in group.rows for cell in row for span in cell]
            names = (span for span in spans if (span.url and span.text != "record") or span.text.startswith("公布值："))
            yield from (span.text for span in set(spans).difference(names))


def test_no_english_is_left(pages: dict[str, Document]) -> None:
    for name, page in pages.items():
        # The name of a run stands in what a task's page says of the latest, and in what is not comparable.
        texts = (re.sub(r"2026\d{4}-\d+-[a-z-]+(, \w+(-\w+)*)?", "", text) for text in shown(chinese(page)))
        assert {word for text in texts for word in re.findall(r"[A-Za-z]{2,}", text)} - NAMES == set(), name


@pytest.mark.parametrize("name", ["leaderboard", "SST-2", "MNLI", "comparison"])
def test_numbers_are_the_same(pages: dict[str, Document], name: str) -> None:
    """In the same order, table by table."""

    def numbers(table: Table) -> list[str]:
        rows = [row for group in table.groups for row in group.rows]
        return [number for row in rows for cell in row for number in re.findall(r"\d[\d.,]*\d|\d", cell[0].text)]

    told = tables(chinese(pages[name]))
    english = [block for each in pages[name].sections if not each.language for block in tables(each)]
    captions = ("What each cell found", "By score", "Headline quantities")
    wanted = [numbers(table) for table in english if table.caption.startswith(captions)]
    assert wanted and [numbers(table) for table in told][-len(wanted) :] == wanted


def test_a_ranking_in_chinese(pages: dict[str, Document]) -> None:
    table = next(
        each for each in tables(chinese(pages["leaderboard"])) if each.caption.startswith("SST-2；开发集 872 条；完整")
    )
    assert table.columns == (
        "名次",
        "运行，单元",
        "模型",
        "准确率",
        "前向计算，批大小 32，填充至 128",
        "参数量",
        "帕累托前沿",
        "记录",
    )
    rows = [["|".join(span.text for span in cell) for cell in row] for row in table.groups[0].rows]
    assert {row[6] for row in rows} == {"位于前沿", "不在前沿"} and {row[7] for row in rows} == {"记录"}
    assert "教师模型|oneflow 0.9.0（容器 torch-2-cpu），随机种子 1" in {row[2] for row in rows}


def test_a_comparison_in_chinese(pages: dict[str, Document]) -> None:
    section = chinese(pages["comparison"])
    (table,) = tables(section)
    against = {span.text for group in table.groups for row in group.rows for span in row[2]}
    assert {"基准：其余各项与之比较", "不可比", "设备不同", "样本不同", "指标不同"} <= against
    assert any(text.endswith("：计时不稳定") for text in against)
    assert "数据、开发集条数" in section.blocks[0].text[0].text  # type: ignore[union-attr]
    same = {span.text for group in tables(chinese(pages["same"]))[0].groups for row in group.rows for span in row[2]}
    assert "相同" in same and any(text.endswith("，未见差异") for text in same)
