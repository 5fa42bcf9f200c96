"""What stands on one line of a trend."""

from __future__ import annotations

from pathlib import Path

from harness.report.document import Figures
from harness.site import trends
from harness.site.runs import gather
from tests.harness.site import finished


def test_a_student_of_augmented_rows_has_a_line_of_its_own(tmp_path: Path) -> None:
    runs, left_out = gather([finished.write(tmp_path, *(finished.run("augmented", day) for day in (1, 2)))])
    assert not left_out
    (drawn,) = (block for block in trends.section(runs).blocks if isinstance(block, Figures))
    score = next(figure for figure in drawn.figures if "accuracy" in figure.caption)
    lines = {group.heading: len(group.rows) for group in score.data.groups}
    assert len(lines) == 2 and set(lines.values()) == {2}
    assert sum(", augmented (published)" in name for name in lines) == 1
