"""The section on the models' errors: where teacher and student differ, and what the student gets wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.report import agreement, calibration, confusion, parts, wrong
from harness.report.document import Block, Section
from harness.report.facts import judged


def section(record: Mapping[str, Any]) -> Section:
    """Every evaluated dev set of every cell; of a regression, its lengths and its largest errors alone."""
    found = judged(record)
    blocks: list[Block] = [
        *agreement.blocks(found),
        *confusion.blocks(found, record["task"]["labels"]),
        *calibration.blocks(found),
        *parts.blocks(found, record),
        *wrong.blocks(found),
    ]
    return Section("errors", "Errors", tuple(blocks))
