"""The section on the published claims: each held against each cell, with the reasons, the sources, and what counts as the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from harness.report.document import Bullets, Group, Paragraph, Section, Span, Table, Text, plain
from harness.report.verdict import NOT_COMPARABLE, NOT_REPRODUCED, REPRODUCED

Claims = Sequence[Mapping[str, Any]]
BADGES: dict[str, Literal["good", "bad", "caution"]] = {
    REPRODUCED: "good",
    NOT_REPRODUCED: "bad",
    NOT_COMPARABLE: "caution",
}
QUANTITIES = {
    "accuracy": "accuracy",
    "parameters": "parameters",
    "parameter_ratio": "parameter ratio",
    "dataset_pass_s": "dataset pass",
    "speedup": "speed-up",
}


def section(record: Mapping[str, Any]) -> Section:
    claims = record["claims"]
    if not claims:
        return Section("claims", "Published claims", (Paragraph(plain("No claims about this task are on file.")),))
    groups = tuple(
        Group(
            tuple(_verdict(each) for each in claims if each["id"] == claim["id"]),
            f"{_subject(claim)}: {claim['printed']}",
        )
        for claim in distinct(claims)
    )
    table = Table(
        "Each published number held against each cell", ("cell", "what was found, and why the verdict"), groups
    )
    sources = {claim["source"]: claim for claim in claims}.values()
    return Section(
        "claims",
        "Published claims",
        (
            *((Paragraph(plain(NOT_COMPARABLE_MEANS)),) if any(c["verdict"] == NOT_COMPARABLE for c in claims) else ()),
            table,
            *(Paragraph(_source(claim)) for claim in sources),
            Paragraph(plain("How each number was printed, and what counts as the same:")),
            Bullets(tuple(_terms(claim) for claim in distinct(claims))),
        ),
    )


NOT_COMPARABLE_MEANS = (
    "Not comparable: a condition of the published number does not hold here, or nothing that counts was measured; then the "
    "measured number decides nothing."
)


def _verdict(claim: Mapping[str, Any]) -> tuple[Text, ...]:
    why = "; ".join(claim["why"])
    reason = f"{why[:1].upper()}{why[1:]}." if why else "Every condition holds, and the numbers agree."
    found = (Span(claim["text"] or "Nothing measured."), Span(reason, "note"))
    return (Span(claim["cell"]), Span(claim["verdict"], BADGES[claim["verdict"]])), found


def _subject(claim: Mapping[str, Any]) -> str:
    quantity = QUANTITIES[claim["quantity"]]
    return quantity.capitalize() if claim["role"] == "both" else f"{claim['role'].capitalize()} {quantity}"


def _terms(claim: Mapping[str, Any]) -> Text:
    return (
        Span(f"{_subject(claim)}: ", "strong"),
        Span(" ".join(part for part in (claim["note"], claim["tolerance"]) if part)),
    )


def _source(claim: Mapping[str, Any]) -> Text:
    return (Span("Source: "), Span(claim["source"], url=claim["source_url"]), Span(f". {claim['source_conditions']}"))


def distinct(claims: Claims) -> list[Mapping[str, Any]]:
    """Each claim once, whichever cell it was held against."""
    return list({claim["id"]: claim for claim in claims}.values())
