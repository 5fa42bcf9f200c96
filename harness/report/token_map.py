"""An attention map as SVG text: a square a pair of tokens, the darker the more the row's token attends to the column's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from markupsafe import escape

from harness.report import figures
from harness.report.plots import LETTER, WIDTH, svg

LONGEST = 12
LARGEST_CELL = 24
LEVELS = 10
"""Shades. One path a shade keeps a map of 400 squares at some 5 kB; a square each would have 30."""
DARKEST = 0.92


def token_map(title: str, style: str, tokens: Sequence[str], shares: Sequence[Sequence[float]]) -> str:
    """`shares`: [query][key], each query's adding up to 1. The darkest shade is a share of 1 on a scale of square roots,
    on which the many small shares are told apart.
    """
    names = [token if len(token) <= LONGEST else f"{token[: LONGEST - 1]}…" for token in tokens]
    room = 8 + LETTER * max(map(len, names))
    side = min(LARGEST_CELL, (WIDTH - room - 4) / len(names))
    squares: defaultdict[int, list[str]] = defaultdict(list)
    for row, values in enumerate(shares):
        for column, share in enumerate(values):
            if level := round(LEVELS * share**0.5):
                squares[level].append(f"M{column} {row}h1v1h-1z")
    body = [f'<g transform="translate({room:.1f} {room:.1f}) scale({side:.2f})">']
    body.append(f'<rect class="frame" width="{len(names)}" height="{len(names)}"/>')
    body += [
        f'<path class="heat {style}" fill-opacity="{DARKEST * level / LEVELS:.2f}" d="{"".join(paths)}"/>'
        for level, paths in sorted(squares.items())
    ]
    body.append("</g>")
    for place, name in enumerate(names):
        middle = room + side * (place + 0.5) + 4
        body.append(f'<text class="tick" x="{room - 4:.1f}" y="{middle:.1f}" text-anchor="end">{escape(name)}</text>')
        body.append(
            f'<text class="tick" transform="translate({middle:.1f} {room - 4:.1f}) rotate(-90)">{escape(name)}</text>'
        )
    return svg(title, f"{_described(tokens, shares)}.", WIDTH, round(room + side * len(names)) + 4, body)


def _described(tokens: Sequence[str], shares: Sequence[Sequence[float]]) -> str:
    """Where each token looks most."""
    most = [max(range(len(row)), key=row.__getitem__) for row in shares]
    return "; ".join(
        f"{token} to {tokens[place]} {figures.percent(row[place])}"
        for token, place, row in zip(tokens, most, shares, strict=True)
    )
