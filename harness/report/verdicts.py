"""The section on the published claims: each held against each cell, with the reasons, the sources, and what counts as the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from harness.report.document import Block, Bullets, Group, Paragraph, Section, Span, Table, Text, plain
from harness.report.facts import place
from harness.report.metric import METRICS
from harness.report.printed import distinct
from harness.report.verdict import NOT_COMPARABLE, NOT_REPRODUCED, REPRODUCED

Claims = Sequence[Mapping[str, Any]]
BADGES: dict[str, Literal["good", "bad", "caution"]] = {
    REPRODUCED: "good",
    NOT_REPRODUCED: "bad",
    NOT_COMPARABLE: "caution",
}
QUANTITIES = {
    "parameters": "parameters",
    "parameter_ratio": "parameter ratio",
    "dataset_pass_s": "dataset pass",
    "speedup": "speed-up of the dataset pass",
    "forward_speedup": "speed-up of the forward pass",
}


def section(record: Mapping[str, Any]) -> Section:
    claims = record["claims"]
    if not claims:
        return Section(
            "claims",
            "Published claims",
            (Paragraph(plain("No published number about this task and this student is on file.")),),
        )
    groups = tuple(
        Group(
            tuple(_verdict(number, each) for number, each in enumerate(claims) if each["id"] == claim["id"]),
            f"{_subject(claim)}, {claim['source_name']}: {claim['printed']}",
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
            *_terms("What counts as the same:", "tolerance", claims),
            *_terms("What the published numbers are:", "note", claims),
        ),
    )


NOT_COMPARABLE_MEANS = (
    "Not comparable: a condition of the published number does not hold here, or nothing that counts was measured; then the "
    "measured number decides nothing."
)


def _verdict(number: int, claim: Mapping[str, Any]) -> tuple[Text, ...]:
    why = "; ".join(claim["why"])
    reason = f"{why[:1].upper()}{why[1:]}." if why else "Every condition holds, and the numbers agree."
    found = (Span(claim["text"] or "Nothing measured."), Span(reason, "note"))
    return (Span(claim["cell"], url=place("claims", number)), Span(claim["verdict"], BADGES[claim["verdict"]])), found


def _subject(claim: Mapping[str, Any]) -> str:
    """`Student MCC, without data augmentation`, `Teacher accuracy, mismatched`, `Parameter ratio`."""
    quantity = METRICS[claim["metric"]].label if claim["quantity"] == "score" else QUANTITIES[claim["quantity"]]
    whose = quantity if claim["role"] == "both" else f"{claim['role']} {quantity}"
    return ", ".join(part for part in (f"{whose[0].upper()}{whose[1:]}", claim["dev_set"], claim["variant"]) if part)


def _terms(title: str, what: Literal["tolerance", "note"], claims: Claims) -> list[Block]:
    """What is to be said of each number, once for all of which the same is to be said; tolerances of a metric's scores together."""
    said: dict[str, dict[str, None]] = {}
    for claim in distinct(claims):
        if claim[what]:
            scores = what == "tolerance" and claim["quantity"] == "score"
            subject = METRICS[claim["metric"]].heading if scores else f"{_subject(claim)}, {claim['source_name']}"
            said.setdefault(claim[what], {})[subject] = None
    items = tuple((Span(f"{'; '.join(subjects)}: ", "strong"), Span(words)) for words, subjects in said.items())
    return [Paragraph(plain(title)), Bullets(items)] if items else []


def _source(claim: Mapping[str, Any]) -> Text:
    return (Span("Source: "), Span(claim["source"], url=claim["source_url"]), Span(f". {claim['source_conditions']}"))
