"""The Chinese summary: the same keys as the English, the same numbers, and no English word left in it."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from harness.report.content import document, headline_table, translated
from harness.report.document import Table
from harness.report.facts import clean
from harness.report.language import language
from tests.harness.report import records
from tests.harness.report.test_records import CASES

NAMES = ("CoLA", "MNLI", "SST", "STS-B", "OneFlow", "README", "TEST", "BERT", "Tiny", "MCC", "GLUE", "RTE", "TinyBERT")


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_languages_have_the_same_sentences() -> None:
    english, chinese = language("en"), language("zh")
    assert {key: fields(text) for key, text in english.sentences.items()} == {
        key: fields(text) for key, text in chinese.sentences.items()
    }


@pytest.mark.parametrize("case", [each for each in CASES if each != "hostile"])
def test_no_english_is_left(case: str) -> None:
    """Names of data, models, sources and cells are what they are."""
    record = clean(getattr(records, case)())
    section = translated(record, "zh", "zh")
    (table,) = (block for block in section.blocks if isinstance(block, Table))
    shown = [table.caption, *table.columns, *(group.heading for group in table.groups)]
    shown += [span.text for group in table.groups for row in group.rows for text in row[1:] for span in text]
    english = {"to", "points", "rounds", "faster", "smaller", "slower", "larger", "not", "training", "parameters", "forward",
               "pass", "batch", "padded", "accuracy", "teacher", "student", "dev", "set", "published", "for", "want", "of"}  # fmt: skip
    words = {word for text in shown for word in re.findall(r"[a-z]{2,}", text)}
    assert not words & english


@pytest.mark.parametrize("case", [each for each in CASES if each != "hostile"])
def test_numbers_are_the_same(case: str) -> None:
    record = clean(getattr(records, case)())
    chinese = translated(record, "zh", "zh").blocks[1]
    assert isinstance(chinese, Table)

    def numbers(table: Table) -> list[str]:
        cells = [text for group in table.groups for row in group.rows for text in row[1:]]
        refused = [any(span.kind != "plain" for span in text) for text in cells]
        joined = " ".join(span.text for text, bad in zip(cells, refused, strict=True) if not bad for span in text)
        return sorted(re.findall(r"[\d.,]*\d", joined))

    assert numbers(chinese) == numbers(headline_table(record))


def test_the_answer_in_chinese() -> None:
    (section,) = (each for each in document(clean(records.published())).sections if each.slug == "zh")
    assert section.language == "zh-Hans"
    text = section.blocks[0].text[0].text  # type: ignore[union-attr]
    assert text.startswith(
        "在 SST-2（开发集 872 条）上，蒸馏使准确率下降 1.3 个百分点（92.3 % 降至 91.1 %；差值的 95 % 置信区间"
    )
    assert "加速 12.8x" in text and text.endswith("。")
