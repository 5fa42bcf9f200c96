"""Attention of teacher and student: layer beside layer, the drawing and its numbers."""

from __future__ import annotations

import re

from harness.report import attention
from harness.report.document import Figures
from harness.report.token_map import LEVELS, token_map
from tests.harness.report import evaluations, records
from tests.harness.report.sections import rows


def test_each_layer_of_the_student_stands_beside_the_one_that_it_learned_from() -> None:
    (drawn,) = (block for block in attention.section(records.published()).blocks if isinstance(block, Figures))
    assert drawn.heading == "oneflow-cuda-seed1, dev row 21"
    captions = [figure.caption for figure in drawn.figures]
    assert captions == [
        f"{model}, layer {layer}" for pair in ((3, 1), (6, 2), (9, 3), (12, 4))
        for model, layer in zip(("Teacher", "Student"), pair, strict=True)
    ]  # fmt: skip
    first = drawn.figures[0].data
    given = evaluations.attention()["maps"]["teacher"][0]
    assert rows(first)[2][0] == "gorgeous"
    assert rows(first)[2][3] == f"{100 * given[2][2]:.1f} %"


def test_a_map_has_a_square_where_a_token_is_attended_to() -> None:
    drawn = token_map("Attention", "teacher", ("[CLS]", "<b>", "[SEP]"), ((1, 0, 0), (0.25, 0, 0.75), (0, 0, 1)))
    paths = re.findall(r'fill-opacity="([\d.]+)" d="([^"]+)"', drawn)
    squares = {square: float(opacity) for opacity, path in paths for square in re.findall(r"M\d \d", path)}
    assert squares.keys() == {"M0 0", "M0 1", "M2 1", "M2 2"}
    assert squares["M0 0"] == squares["M2 2"] > squares["M2 1"] > squares["M0 1"] > 0
    assert len(paths) <= LEVELS
    assert "&lt;b&gt; to [SEP] 75.0 %" in drawn and "<b>" not in drawn


def test_without_attention_there_is_no_section() -> None:
    made = records.published()
    for entry in made["cells"][0]["stages"]:
        if entry["stage"] == "evaluate":
            entry["result"]["details"]["attention"] = None
    assert not attention.section(made).blocks
