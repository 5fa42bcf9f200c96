from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from harness.report.curves import DRAWN_POINTS, curve_figures
from harness.report.facts import cells
from harness.report.plots import HEIGHT, WIDTH, Level, Line, Mark, interval_chart, line_chart
from tests.harness.report import records

FALLING = Line("loss", "teacher", ((0, 4.0), (50, 2.0), (100, 1.0)))


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter("text")]


def coordinates(svg: str) -> list[tuple[float, float]]:
    return [
        (float(x), float(y))
        for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", " ".join(re.findall(r'points="([^"]*)"', svg)))
    ]


def test_a_line_is_drawn_to_scale() -> None:
    (x0, y0), (x1, y1), (x2, y2) = coordinates(line_chart("t", "step", "loss", [FALLING]))
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.15)
    assert (y1 - y0) == pytest.approx(2 * (y2 - y1), abs=0.15)
    assert y0 < y1 < y2, "a larger loss stands higher"


def test_a_wide_span_is_logarithmic_and_says_so() -> None:
    svg = line_chart("t", "step", "loss", [Line("loss", "teacher", ((0, 100.0), (50, 10.0), (100, 1.0)))])
    (_, y0), (_, y1), (_, y2) = coordinates(svg)
    assert y1 - y0 == pytest.approx(y2 - y1, abs=0.15)
    assert "loss, logarithmic" in texts(svg)
    assert {"1", "10", "100"} <= set(texts(svg))


@pytest.mark.parametrize(
    "lines",
    [
        [FALLING],
        [Line("flat", "student", ((0, 0.5), (10, 0.5)))],
        [Line("one", "student", ((20, 0.5),))],
        [Line("zero", "student", ((0, 0.0), (1, 0.0)))],
        [Line("negative", "student", ((0, -3.0), (1, 5e-7)))],
        [FALLING, Line("tiny", "term1", ((0, 1e-9), (100, 1e-8)))],
    ],
)
def test_every_point_lies_inside(lines: list[Line]) -> None:
    svg = line_chart("t", "step", "loss", lines, Level("teacher", "teacher", lines[0].points[0][1]))
    for x, y in coordinates(svg):
        assert 0 <= x <= WIDTH and 0 <= y <= HEIGHT
    assert "nan" not in svg and "inf" not in svg


def test_nothing_to_draw_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        line_chart("t", "step", "loss", [])


def test_a_chart_is_told_to_those_who_do_not_see_it() -> None:
    for svg in (
        line_chart("Loss & co", "step", "loss", [FALLING]),
        interval_chart("Times", "s", [Mark("a", "teacher", 2, 1, 3, (1, 2, 3))]),
    ):
        root = ElementTree.fromstring(svg)
        assert root.get("role") == "img" and root.get("aria-label")
        assert root.findtext("title") and root.findtext("desc")
    assert "a 2 (1 to 3)" in svg


def test_labels_are_escaped() -> None:
    svg = interval_chart("<b>", "<i>", [Mark("</text><script>", "teacher", 1.0)])
    assert "<script>" not in svg and "</text><script>" in texts(svg)


def test_from_zero_lengths_compare() -> None:
    svg = interval_chart("t", "s", [Mark("a", "teacher", 10.0), Mark("b", "student", 5.0)], from_zero=True)
    zero = next(float(line.get("x1", "")) for line in ElementTree.fromstring(svg).iter("line"))
    far, near = (float(dot.get("cx", "")) - zero for dot in ElementTree.fromstring(svg).iter("circle"))
    assert far == pytest.approx(2 * near, abs=0.15)


def test_the_curves_of_a_cell() -> None:
    (cell,) = cells(records.published())
    assert [figure.caption for figure in curve_figures(cell)] == [
        "Teacher: loss",
        "Teacher: dev accuracy",
        "Student, intermediate: loss",
        "Student, prediction: loss",
        "Student, prediction: dev accuracy",
    ]


def test_a_long_curve_is_thinned_by_means() -> None:
    record = records.published()
    series = record["cells"][0]["stages"][1]["result"]["series"]["train"]
    series["rows"] = [["teacher", step, 32 * step, float(step % 2), 0.0] for step in range(1, 2401)]
    figure = curve_figures(cells(record)[0])[0]
    (group,) = figure.data.groups
    assert len(group.rows) == DRAWN_POINTS
    assert {row[1][0].text for row in group.rows} == {"0.5"}, "each point is the mean of a stretch"
    assert group.rows[-1][0][0].text == "2,400"
