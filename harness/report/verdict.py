"""Hold each published claim against each cell: reproduced, not reproduced, or not comparable, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.report import figures
from harness.report.claims import Claim, load_claims
from harness.report.conditions import Case, fails, is_about
from harness.report.facts import Cell, cells
from harness.report.found import Found, NotFound
from harness.report.found_amounts import find_amount
from harness.report.found_scores import find_mean, find_score
from harness.report.printing import as_printed
from harness.report.seeds import SeedGroup, seed_groups

REPRODUCED = "reproduced"
NOT_REPRODUCED = "not reproduced"
NOT_COMPARABLE = "not comparable"

Record = Mapping[str, Any]


def judge(record: Record) -> list[dict[str, Any]]:
    """The record's `claims`: one entry per published claim and cell, claim by claim. Empty where nothing was published.

    Left out are claims that no stage of the cell's suite can tell, and those about another student (shape or method) than the
    cell's. A score has one entry more for every group of cells that differ in their seed alone: its mean, under the group's
    name. Raises UsageError when a claims file is not valid.
    """
    entries = []
    for claim in load_claims(record["task"]["name"]):
        able = [cell for cell in cells(record) if claim.stage in cell.planned and _is_about(claim, [cell], record)]
        entries += [_entry(claim, cell.name, _find(claim, cell), _unmet(claim, [cell], record)) for cell in able]
        if claim.quantity == "score":
            groups = [group for group in seed_groups(record) if _is_about(claim, group.cells, record)]
            entries += [_group_entry(claim, group, record) for group in groups]
    return entries


def _is_about(claim: Claim, members: Sequence[Cell], record: Record) -> bool:
    return all(is_about(claim.conditions, Case(cell, record)) for cell in members)


def _find(claim: Claim, cell: Cell) -> Found | NotFound:
    return find_score(claim, cell) if claim.quantity == "score" else find_amount(claim, cell)


def _group_entry(claim: Claim, group: SeedGroup, record: Record) -> dict[str, Any]:
    return _entry(claim, group.name, find_mean(claim, group), _unmet(claim, group.cells, record))


def _unmet(claim: Claim, members: Sequence[Cell], record: Record) -> list[str]:
    """Why conditions do not hold, each reason once."""
    found = (
        fails(name, published, Case(cell, record)) for name, published in claim.conditions.items() for cell in members
    )
    return list(dict.fromkeys(words for words in found if words))


def _entry(claim: Claim, name: str, found: Found | NotFound, why: list[str]) -> dict[str, Any]:
    measured = None if isinstance(found, NotFound) else found
    text = measured.sentence if measured else ""
    if isinstance(found, NotFound):
        why = [*why, found.why]
    if why or measured is None:
        verdict = NOT_COMPARABLE
    else:
        why = _disagreement(claim, measured)
        verdict = NOT_REPRODUCED if why else REPRODUCED
        if claim.quantity == "score":
            text += f" Within {100 * measured.allowed:.2f} points of {claim.printed} counts as the same."
    return {
        "id": claim.id,
        "cell": name,
        "quantity": claim.quantity,
        "role": claim.role,
        "metric": claim.metric and claim.metric.name,
        "dev_set": claim.dev_set,
        "variant": claim.variant,
        "split": claim.conditions.get("split", "dev"),
        "published": claim.value,
        "printed": claim.printed,
        "measured": measured and measured.value,
        "interval": [measured.interval.low, measured.interval.high] if measured and measured.interval else None,
        "verdict": verdict,
        "why": why,
        "text": text,
        "note": claim.note,
        "tolerance": claim.tolerance.reason,
        "source": claim.source.title,
        "source_name": claim.source.name,
        "source_url": claim.source.url,
        "source_conditions": claim.source.conditions,
    }


# Whether it agrees, once every condition holds.


def _disagreement(claim: Claim, measured: Found) -> list[str]:
    kind, value = claim.tolerance.kind, measured.value
    side = "above" if value > claim.value else "below"
    if kind == "dev-set":
        agrees = abs(value - claim.value) <= measured.allowed
        words = (
            f"the measured {measured.text} is {100 * abs(value - claim.value):.2f} points {side} the published {claim.printed}, "
            f"more than the {100 * measured.allowed:.2f} points that {figures.count(measured.rows)} rows allow"
        )
    elif kind == "exact":
        agrees = value == claim.value
        words = f"counted {measured.text}, published {figures.count(claim.value)}"
    elif kind == "printed":
        agrees = as_printed(value, claim.printed, claim.printing)
        words = f"the measured {measured.text}, {claim.printing} as it was, is not the published {claim.printed}"
    else:
        agrees = abs(value - claim.value) <= claim.tolerance.fraction * claim.value
        off = f"{abs(value / claim.value - 1):.0%}".replace("%", " %")
        allowed = f"{claim.tolerance.fraction:.0%}".replace("%", " %")
        words = f"the measured {measured.text} is {off} {side} the published {claim.printed}, more than {allowed}"
    return [] if agrees else [words]
