"""The published lines of a result table: what each source printed, beside what each cell measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.report import figures
from harness.report.values import NOT_PUBLISHED, Value, Values

Claim = Mapping[str, Any]
Line = tuple[str, Values]
"""Whose number it is, and the three cells of the line."""


def distinct(claims: Sequence[Claim]) -> list[Claim]:
    """Each claim of a record once, whichever cell it was held against."""
    return list({claim["id"]: claim for claim in claims}.values())


def scores(claims: Sequence[Claim], metric: str, dev_set: str) -> list[Line]:
    """One line a source that printed this metric of this dev set (of a test split: of the set that stands for it here)."""
    about = [
        claim for claim in claims if claim["quantity"] == "score" and (claim["metric"], claim["dev_set"]) == (metric, dev_set)
    ]  # fmt: skip
    return _lines(
        about, "score", lambda line: _difference(line.get(("score", "teacher")), line.get(("score", "student")))
    )


def amounts(claims: Sequence[Claim], quantity: str, ratio: str, better: str) -> list[Line]:
    """One line a source that printed this quantity of a model, or the ratio of both."""

    def change(line: Mapping[tuple[str, str], Claim]) -> Value:
        claim = line.get((ratio, "both"))
        return Value(f"{claim['printed']} {better}") if claim else NOT_PUBLISHED

    return _lines([claim for claim in claims if claim["quantity"] in (quantity, ratio)], quantity, change)


def _lines(
    claims: Sequence[Claim], quantity: str, change: Callable[[Mapping[tuple[str, str], Claim]], Value]
) -> list[Line]:
    """A claim without a variant stands in the lines of all its source's variants: they share the teacher."""
    lines: dict[str, dict[tuple[str, str], Claim]] = {}
    known = distinct(claims)
    for source in dict.fromkeys(claim["source_name"] for claim in known):
        of_source = [claim for claim in known if claim["source_name"] == source]
        variants = dict.fromkeys(claim["variant"] for claim in of_source if claim["variant"])
        for variant in variants or ("",):
            whose = f"published: {source}{', ' if variant else ''}{variant}"
            about = (claim for claim in of_source if claim["variant"] in ("", variant))
            lines[whose] = {(claim["quantity"], claim["role"]): claim for claim in about}
    return [
        (whose, (_value(line.get((quantity, "teacher"))), _value(line.get((quantity, "student"))), change(line)))
        for whose, line in lines.items()
    ]


def _value(claim: Claim | None) -> Value:
    return Value(claim["printed"]) if claim else NOT_PUBLISHED


def _difference(teacher: Claim | None, student: Claim | None) -> Value:
    if teacher is None or student is None:
        return NOT_PUBLISHED
    return Value(figures.points(student["published"] - teacher["published"]))
