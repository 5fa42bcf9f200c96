"""The section on augmentation, and what else a report says of an augmented cell."""

from __future__ import annotations

import pytest

from harness.report import augmentation, training
from harness.report.conditions import Case, fails
from harness.report.content import document
from harness.report.facts import cells, clean
from harness.report.markdown import markdown
from tests.harness.report import records
from tests.harness.report.sections import rows, table


def test_what_was_replaced_and_from_where() -> None:
    shown = dict(rows(table(augmentation.section(records.augmented()), "What was augmented")))
    assert shown["rows after augmentation"] == "262,500"
    assert shown["replaced"] == "35.0 %", "392,000 of 56,000 words in 20 samples each"
    assert shown["duplicates removed"] == "31,500 of 280,000 samples"
    assert shown["candidates from"] == "language model 90.0 %, word vectors 7.5 %, nothing found: the word itself 2.5 %"
    assert shown["language model"].endswith("58.0 % of 1,900 hidden words are among its first 15")
    assert shown["word vectors"].startswith("glove.6B.zip/glove.6B.300d.txt, 300 wide: 1,200 of 1,500")


def test_the_student_with_and_without() -> None:
    without, with_it = rows(table(augmentation.section(records.augmented()), "The student with and without"))
    assert without[:2] == ("torch-cpu-seed1", "none")
    assert with_it[:2] == ("torch-cpu-seed1-augmented-published", "published")
    assert without[3].startswith("82.1 %|") and with_it[3].startswith("83.7 %|")
    assert without[4] == "" and with_it[4] == "+1.6 points|−1.9 to +5.1"


def test_a_cell_without_its_twin_has_no_change() -> None:
    made = records.augmented()
    made["cells"][0]["name"] = "torch-cpu-seed2"
    assert [row[4] for row in rows(table(augmentation.section(made), "The student with and without"))] == ["", ""]


def test_examples_stand_below_their_rows() -> None:
    shown = table(augmentation.section(records.augmented()), "torch-cpu-seed1-augmented-published: rows")
    assert [group.heading for group in shown.groups] == ["row 3", "row 9"]
    assert rows(shown)[:2] == [("as it was", "a gorgeous , witty movie "), ("variant", "a| |lovely| |, witty movie")]


def test_new_words_of_a_variant_are_marked() -> None:
    made = records.augmented()
    entry = next(e for e in made["cells"][1]["stages"] if e["stage"] == "augment")
    text, variants = "It won't be a Dull film ", ["it won ' t be some fine film", "it won ' t be a dull new york"]
    entry["result"]["details"]["examples"] = [{"row": 0, "texts": [text], "variants": [variants]}]
    shown = markdown(document(clean(made)))
    assert "it won ' t be **some fine** film" in shown
    assert "| it won ' t be a dull new york |" in shown, "words that cannot be told apart are not marked"


@pytest.mark.parametrize(("cell", "agrees"), [(0, False), (1, True)])
def test_a_claim_about_augmented_data_asks_for_them(cell: int, agrees: bool) -> None:
    made = records.augmented()
    case = Case(cells(made)[cell], made)
    assert (fails("augmentation", True, case) == "") == agrees
    assert (fails("augmentation", False, case) == "") != agrees


def test_without_augmentation_nothing_is_said_but_that() -> None:
    made = records.published()
    assert not augmentation.section(made).blocks
    assert dict(rows(table(training.section(made), "How the student")))["augmentation"] == "none"


def test_hostile_examples_stay_text() -> None:
    made = records.augmented()
    entry = next(e for e in made["cells"][1]["stages"] if e["stage"] == "augment")
    entry["result"]["details"]["examples"][0]["variants"][0][0] = records.HOSTILE
    assert "<script>" not in markdown(document(clean(made))).replace("\\<", "")
