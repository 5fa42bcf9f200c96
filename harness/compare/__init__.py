"""Several finished runs held against one another: what differs, the headline quantities side by side, ratios with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.compare.content import document
from harness.compare.contrast import Contrast, dataset_pass, forward, parameters, score
from harness.compare.side import Side, sides
from harness.errors import InfrastructureError, UsageError
from harness.record import write_atomically
from harness.report.markdown import markdown
from harness.report.page import page
from harness.report.sheet import Line, comma_separated, ends

__all__ = ["compare"]

COLUMNS = (
    "side",
    "run",
    "cell",
    "quantity",
    "value",
    "low",
    "high",
    "unit",
    "against_first",
    "against_low",
    "against_high",
    "note",
)


def compare(folders: Sequence[Path], to: Path) -> tuple[Path, ...]:
    """Write `comparison.html`, `.md` and `.csv` into the folder `to`, from the records of the runs in `folders`.

    Raises UsageError for runs that cannot be read or leave nothing to compare, InfrastructureError where `to` cannot be written.
    """
    found = sides(folders, to)
    if len(found) < 2:
        raise UsageError("nothing to compare: name two runs, or one with several cells")
    made = document(found)
    texts = {"comparison.html": page(made), "comparison.md": markdown(made), "comparison.csv": _sheet(found)}
    try:
        to.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            write_atomically(to / name, text)
    except OSError as error:
        raise InfrastructureError(f"cannot write the comparison into {to}: {error.strerror}") from error
    return tuple(to / name for name in texts)


def _sheet(found: Sequence[Side]) -> str:
    return comma_separated(
        COLUMNS,
        (
            (number, side.run.name, side.cell.name, *line)
            for number, side in enumerate(found, start=1)
            for line in _lines(found[0], side)
        ),
    )


def _lines(first: Side, side: Side) -> list[Line]:
    """A quantity a line; a time that is not valid has no number."""
    is_first = side is first
    lines: list[Line] = []
    if side.score:
        unit = "share" if side.cell.metric.is_share else "coefficient"
        against = Contrast() if is_first else score(first, side)
        lines.append((side.cell.metric.name, side.score.value, *ends(side.score.interval), unit, *_contrast(against)))
    against = Contrast() if is_first else parameters(first, side)
    lines.append(("parameters", side.parameters, None, None, "count", *_contrast(against)))
    for name, timing, unit, held in (
        ("dataset pass", side.dataset_pass, "s", dataset_pass),
        ("forward", side.forward, "ms", forward),
    ):
        valid = timing if timing and timing.valid else None
        against = Contrast() if is_first else held(first, side)
        lines.append(
            (name, valid.median if valid else None, *ends(valid.interval if valid else None), unit, *_contrast(against))
        )
    return lines


def _contrast(found: Contrast) -> tuple[float | None, float | None, float | None, str]:
    return found.value, *ends(found.interval), found.why
