"""A confusion matrix as SVG text: labels down, predictions across, each cell shaded and written with its share of the row."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import escape

from harness.report import figures
from harness.report.plots import LETTER, WIDTH, svg

SIDE = 54
LONGEST = 16
FAINTEST, DARKEST = 0.04, 0.46
"""Opacities of the shares 0 and 1: the number on top stays readable on light and dark paper."""


def heat_map(title: str, style: str, labels: Sequence[str], shares: Sequence[Sequence[float]]) -> str:
    """`shares`: [label][prediction], each row adding up to 1. Raises ValueError unless they are as many as the labels squared."""
    names = [label if len(label) <= LONGEST else f"{label[: LONGEST - 1]}…" for label in labels]
    left, top = 12 + LETTER * max(map(len, names)), 34
    width = min(SIDE * 2, (WIDTH - left - 8) / len(labels))
    body = [
        f'<text class="label" x="{left + width * len(labels) / 2:.1f}" y="12" text-anchor="middle">predicted</text>'
    ]
    # Predictions are written below each other's width: a longer name is cut to what its column holds.
    for column, name in enumerate(names):
        fitting = max(2, int(width / LETTER))
        short = name if len(name) <= fitting else f"{name[: fitting - 1]}…"
        body.append(
            f'<text class="tick" x="{left + width * (column + 0.5):.1f}" y="{top - 6}" text-anchor="middle">{escape(short)}</text>'
        )
    for row, (name, values) in enumerate(zip(names, shares, strict=True)):
        y = top + SIDE * row
        body.append(
            f'<text class="label" x="{left - 8:.1f}" y="{y + SIDE / 2 + 4:.1f}" text-anchor="end">{escape(name)}</text>'
        )
        for column, (_, share) in enumerate(zip(names, values, strict=True)):
            x = left + width * column
            opacity = FAINTEST + (DARKEST - FAINTEST) * share
            body.append(
                f'<rect class="heat {style}" x="{x:.1f}" y="{y}" width="{width - 2:.1f}" height="{SIDE - 2}" '
                f'fill-opacity="{opacity:.2f}"/>'
            )
            body.append(
                f'<text class="label" x="{x + width / 2 - 1:.1f}" y="{y + SIDE / 2 + 4:.1f}" text-anchor="middle">'
                f"{escape(figures.percent(share))}</text>"
            )
    described = "; ".join(
        f"of {label}: {', '.join(f'{figures.percent(share)} {other}' for other, share in zip(labels, values, strict=True))}"
        for label, values in zip(labels, shares, strict=True)
    )
    return svg(
        title, f"Share of each label's rows by prediction. {described}.", WIDTH, top + SIDE * len(labels) + 4, body
    )
