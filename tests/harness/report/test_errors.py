"""The models' errors: agreement, confusion, calibration, parts of the rows, and the rows themselves."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from harness.report import errors
from harness.report.document import Figures, Section
from harness.report.heatmap import DARKEST, heat_map
from tests.harness.report import records
from tests.harness.report.sections import rows, table


def figures_of(section: Section) -> dict[str, Figures]:
    return {block.heading: block for block in section.blocks if isinstance(block, Figures)}


def test_teacher_and_student_on_the_same_rows() -> None:
    (row,) = rows(table(errors.section(records.published()), "Dev rows by who is right"))
    assert row == ("oneflow-cuda-seed1", "771", "34", "23", "44", "p = 0.185", "93.5 %")


def test_the_confusion_of_three_labels_has_counts_and_shares() -> None:
    section = errors.section(records.mnli())
    shown = table(section, "Confusion")
    assert shown.columns[:4] == (
        "label",
        "teacher says contradiction",
        "teacher says entailment",
        "teacher says neutral",
    )
    first = rows(shown, "oneflow-cuda-seed1, matched")[0]
    assert first[:4] == ("contradiction", "2,760|84.4 %", "511|15.6 %", "0|0.0 %")
    assert len(rows(shown)) == 6, "two dev sets of three labels"
    drawn = figures_of(section)["Confusion, oneflow-cuda-seed1, mismatched"]
    assert [figure.caption for figure in drawn.figures] == ["Teacher", "Student"]
    assert rows(drawn.figures[0].data)[0][0] == "contradiction"


def test_calibration_has_its_error_and_its_bins() -> None:
    section = errors.section(records.cola())
    ((name, teacher, student),) = rows(table(section, "Expected calibration error"))
    assert name == "oneflow-cuda-seed1" and float(teacher[:-2]) < float(student[:-2])
    (figure,) = figures_of(section)["Reliability"].figures
    assert len(rows(figure.data)) == 5, "bins without rows are left out"
    assert "calibrated from 0 to 100" in figure.svg and 'role="img"' in figure.svg


def test_scores_by_length_and_by_label() -> None:
    section = errors.section(records.cola())
    lengths = rows(table(section, "MCC by the number of tokens"))
    assert [row[0] for row in lengths] == ["3 to 11", "12 to 21", "22 to 33", "34 to 66"]
    assert sum(int(row[1]) for row in lengths) == 1043
    labels = rows(table(section, "Recall by label"))
    assert [(row[0], row[1]) for row in labels] == [("0", "521"), ("1", "522")]
    assert all(re.fullmatch(r"\d+\.\d %", cell) for row in labels for cell in row[2:4])


def test_a_score_that_is_undefined_on_some_rows_is_said_to_be() -> None:
    record = records.cola()
    records.evaluated(record["cells"][0])["by_length"][0]["student"] = None
    assert rows(table(errors.section(record), "MCC by"))[0][3:] == ("undefined", "undefined")


def test_what_the_student_alone_gets_wrong() -> None:
    shown = table(errors.section(records.published()), "oneflow-cuda-seed1: what the student alone gets wrong")
    assert shown.caption.endswith("3 of 34 such dev rows, the first ones")
    assert rows(shown)[1] == ("21", "a gorgeous , witty , seductive movie | if you let it . ", "1", "0")


def test_a_regression_shows_its_largest_errors_and_no_labels() -> None:
    section = errors.section(records.sts_b())
    shown = table(section, "oneflow-cuda-seed1: where the student errs most")
    assert shown.columns == ("row", "text", "label", "teacher", "student")
    assert rows(shown)[0] == ("41", "A man is riding a horse. | A man rides.", "4.75", "4.50", "1.12")
    assert [block.caption for block in section.blocks if block.kind == "table"] == [
        "Mean correlation by the number of tokens, in quarters of the dev rows",
        shown.caption,
    ]


def test_nothing_evaluated_is_no_section() -> None:
    assert errors.section(records.geometry()).blocks == errors.section(records.broken()).blocks == ()


def test_a_heat_map_is_as_dark_as_its_shares_and_told_to_those_who_do_not_see_it() -> None:
    svg = heat_map("Confusion", "teacher", ["</text><script>", "b"], [[0.75, 0.25], [0.0, 1.0]])
    root = ElementTree.fromstring(svg)
    opacities = [float(rect.get("fill-opacity", "")) for rect in root.iter("rect")]
    assert opacities[3] == DARKEST
    assert opacities[3] > opacities[0] > opacities[1] > opacities[2]
    assert "<script>" not in svg and "75.0 % </text><script>" in (root.findtext("desc") or "")
    assert {"75.0 %", "100.0 %"} <= {text.text for text in root.iter("text")}
