from __future__ import annotations

from typing import Literal

import pytest

from harness.report.printing import as_printed


@pytest.mark.parametrize(
    ("value", "printed", "printing", "same"),
    [
        (14_591_258, "14.5 M", "truncated", True),
        (14_591_258, "14.5 M", "rounded", False),
        (14_350_248, "14.5 M", "truncated", False),
        (109_482_240, "109 M", "rounded", True),
        (109_482_240, "110 M", "rounded", False),
        (66_955_008, "67.0 M", "rounded", True),
        (7.503, "7.5x", "truncated", True),
        (7.5, "7.5x", "truncated", True),
        (7.63, "7.5x", "truncated", False),
        (2.04, "2x", "rounded", True),
    ],
)
def test_as_printed(value: float, printed: str, printing: Literal["rounded", "truncated"], same: bool) -> None:
    assert as_printed(value, printed, printing) == same


def test_another_unit_is_refused() -> None:
    with pytest.raises(ValueError, match="no number in M or x"):
        as_printed(4.04, "4.04 s", "rounded")
