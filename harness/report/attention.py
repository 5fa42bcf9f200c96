"""The section on attention: what teacher and student look at in one dev row, layer beside layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.report import figures
from harness.report.dev_sets import MODELS
from harness.report.document import Block, Figure, Figures, Group, Paragraph, Section, Table, plain
from harness.report.facts import cells
from harness.report.limits import first
from harness.report.token_map import token_map

HOW_TO_READ = (
    "Each row of a map is a token and shades the tokens it attends to: the softmax of the scores, averaged over the heads. Beside each "
    "layer of the student stands the teacher's layer that it learned from. A row adds up to 100 %."
)


@dataclass(frozen=True)
class Seen:
    """One dev row. `layers` and `maps` by model: layers count from 0, maps are `[layer][query][key]`."""

    row: int
    tokens: Sequence[str]
    layers: Mapping[str, Sequence[int]]
    maps: Mapping[str, Sequence[Sequence[Sequence[float]]]]


def section(record: Mapping[str, Any]) -> Section:
    found = [
        (cell.name, Seen(**given)) for cell in cells(record) if (given := cell.details("evaluate").get("attention"))
    ]
    if not found:
        return Section("attention", "Attention", ())
    shown, others = first(found, "Attention, drawn", of_many=1)
    blocks: list[Block] = [Paragraph(plain(HOW_TO_READ))]
    for name, seen in shown:
        blocks.append(Figures(f"{name}, dev row {seen.row}", tuple(_figures(seen)), columns=len(MODELS)))
    return Section("attention", "Attention", (*blocks, *others))


def _figures(seen: Seen) -> Iterator[Figure]:
    """The teacher's layer, then the student's, pair by pair."""
    for place in range(len(seen.layers["student"])):
        for model in MODELS:
            title = f"{model.capitalize()}, layer {seen.layers[model][place] + 1}"
            shares = seen.maps[model][place]
            yield Figure(
                title, token_map(f"Attention: {title}", model, seen.tokens, shares), _data(title, seen, shares)
            )


def _data(title: str, seen: Seen, shares: Sequence[Sequence[float]]) -> Table:
    rows = tuple(
        (plain(token), *(plain(figures.percent(share)) for share in row))
        for token, row in zip(seen.tokens, shares, strict=True)
    )
    columns = ("from, to", *seen.tokens)
    return Table(f"{title}: attention", columns, (Group(rows),), frozenset(range(1, len(columns))))
