"""Hold each published claim against each cell: reproduced, not reproduced, or not comparable, and why."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from harness.report import figures, statistics
from harness.report.claims import Claim, load_claims
from harness.report.conditions import Case, fails
from harness.report.facts import Cell, cells
from harness.report.found import Found, NotFound, find, find_mean
from harness.report.seeds import SeedGroup, seed_groups

REPRODUCED = "reproduced"
NOT_REPRODUCED = "not reproduced"
NOT_COMPARABLE = "not comparable"

Record = Mapping[str, Any]


def judge(record: Record) -> list[dict[str, Any]]:
    """The record's `claims`: one entry per published claim and cell, claim by claim. Empty where nothing was published.

    A claim that no stage of the cell's suite can tell is left out. An accuracy has one entry more for every group of cells that
    differ in their seed alone: its mean, under the group's name. Raises UsageError when a claims file is not valid.
    """
    entries = []
    for claim in load_claims(record["task"]["name"]):
        able = [cell for cell in cells(record) if claim.stage in cell.planned]
        entries += [_entry(claim, cell.name, find(claim, cell), _unmet(claim, [cell], record)) for cell in able]
        if claim.quantity == "accuracy":
            entries += [_group_entry(claim, group, record) for group in seed_groups(record)]
    return entries


def _group_entry(claim: Claim, group: SeedGroup, record: Record) -> dict[str, Any]:
    return _entry(claim, group.name, find_mean(claim, group), _unmet(claim, group.cells, record))


def _unmet(claim: Claim, members: Sequence[Cell], record: Record) -> list[str]:
    """Why conditions do not hold, each reason once."""
    found = (
        fails(name, published, Case(cell, record)) for name, published in claim.conditions.items() for cell in members
    )
    return list(dict.fromkeys(words for words in found if words))


def _entry(claim: Claim, name: str, found: Found | NotFound, why: list[str]) -> dict[str, Any]:
    if isinstance(found, NotFound):
        why = [*why, found.why]
    if why or isinstance(found, NotFound):
        verdict = NOT_COMPARABLE
    else:
        why = _disagreement(claim, found)
        verdict = NOT_REPRODUCED if why else REPRODUCED
    measured = None if isinstance(found, NotFound) else found
    return {
        "id": claim.id,
        "cell": name,
        "quantity": claim.quantity,
        "role": claim.role,
        "published": claim.value,
        "printed": claim.printed,
        "measured": measured and measured.value,
        "interval": [measured.interval.low, measured.interval.high] if measured and measured.interval else None,
        "verdict": verdict,
        "why": why,
        "text": measured.sentence if measured else "",
        "note": claim.note,
        "tolerance": claim.tolerance.reason,
        "source": claim.source.title,
        "source_url": claim.source.url,
        "source_conditions": claim.source.conditions,
    }


# Whether it agrees, once every condition holds.


def _disagreement(claim: Claim, measured: Found) -> list[str]:
    kind, value = claim.tolerance.kind, measured.value
    if kind == "dev-set":
        tolerance = statistics.accuracy_tolerance(measured.rows, claim.value)
        agrees = abs(value - claim.value) <= tolerance
        off = f"{100 * abs(value - claim.value):.2f} points {'above' if value > claim.value else 'below'}"
        words = (
            f"the measured {measured.text} is {off} the published {claim.printed}, more than the "
            f"{100 * tolerance:.2f} points that {figures.count(measured.rows)} rows allow"
        )
    elif kind == "exact":
        agrees = value == claim.value
        words = f"counted {measured.text}, published {figures.count(claim.value)}"
    elif kind == "printed":
        # Ratios are printed with one decimal; 1e-9 keeps 7.5 from becoming 7.499... on the way.
        agrees = (
            math.floor(value * 10 + 1e-9) / 10 == claim.value
            if claim.printing == "truncated"
            else round(value, 1) == claim.value
        )
        words = f"the measured {measured.text}, {claim.printing} to one decimal, is not the published {claim.printed}"
    else:
        agrees = abs(value - claim.value) <= claim.tolerance.fraction * claim.value
        off = f"{abs(value / claim.value - 1):.0%}".replace("%", " %")
        side = "above" if value > claim.value else "below"
        allowed = f"{claim.tolerance.fraction:.0%}".replace("%", " %")
        words = f"the measured {measured.text} is {off} {side} the published {claim.printed}, more than {allowed}"
    return [] if agrees else [words]
