"""The site's two drawings as SVG text: a trend over days, and a scatter of scores over times. Coloured by the page's style sheet."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import escape

from harness.report.plots import (
    BOTTOM,
    HEIGHT,
    LEFT,
    LOG_SPAN,
    RIGHT,
    TOP,
    WIDTH,
    Axis,
    Line,
    logarithmic_axis,
    padded_axis,
    svg,
)

STYLES = ("teacher", "student", "term1", "term2", "term3")
LEGEND_ROW = 16
LONGEST_NAME = 52
LABELLED = 30
"""Points with a number in a scatter: more would lie on one another, and the table has them all."""


@dataclass(frozen=True)
class Point:
    """A point of a scatter: filled on the front, hollow elsewhere. `size`: its area, from 0 to 1."""

    label: str
    style: str
    x: float
    y: float
    size: float
    filled: bool


def letter(number: int) -> str:
    """A, B, ... Z, AA: what names a line in its drawing and in its legend."""
    return (letter(number // 26 - 1) if number >= 26 else "") + chr(ord("A") + number % 26)


def trend(title: str, y_label: str, lines: Sequence[Line]) -> str:
    """Values over time, x in seconds since 1970 (UTC). Each line ends in its letter; the legend below says whose it is.

    Raises ValueError without a point.
    """
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points]
    if not xs:
        raise ValueError(f"{title}: nothing to draw")
    x_axis, y_axis = (
        padded_axis(min(xs), max(xs), LEFT, WIDTH - RIGHT - 14),
        padded_axis(min(ys), max(ys), HEIGHT - BOTTOM, TOP),
    )
    body = [*_levels(y_axis), *_dates(x_axis, min(xs), max(xs)), _y_label(y_label)]
    for number, line in enumerate(lines):
        places = [(x_axis(x), y_axis(y)) for x, y in line.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        body.append(f'<polyline class="line {line.style} dash{number % 4}" points="{path}"/>')
        body += [f'<circle class="dot {line.style}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in places]
        x, y = places[-1]
        body.append(f'<text class="label" x="{x + 6:.1f}" y="{y + 4:.1f}">{letter(number)}</text>')
        row = HEIGHT + LEGEND_ROW * (number + 0.75)
        body.append(
            f'<line class="line {line.style} dash{number % 4}" x1="4" x2="22" y1="{row - 4:.1f}" y2="{row - 4:.1f}"/>'
        )
        name = line.name if len(line.name) <= LONGEST_NAME else line.name[: LONGEST_NAME - 1] + "…"
        body.append(f'<text class="label" x="28" y="{row:.1f}">{letter(number)}: {escape(name)}</text>')
    ends = "; ".join(f"{line.name} from {line.points[0][1]:.4g} to {line.points[-1][1]:.4g}" for line in lines)
    return svg(title, f"{y_label} over time: {ends}.", WIDTH, HEIGHT + LEGEND_ROW * (len(lines) + 1), body)


def scatter(title: str, x_label: str, y_label: str, points: Sequence[Point]) -> str:
    """Raises ValueError without a point."""
    if not points:
        raise ValueError(f"{title}: nothing to draw")
    xs, ys = [point.x for point in points], [point.y for point in points]
    is_wide = min(xs) > 0 and max(xs) / min(xs) > LOG_SPAN
    x_axis = (logarithmic_axis if is_wide else padded_axis)(min(xs), max(xs), LEFT, WIDTH - RIGHT)
    y_axis = padded_axis(min(ys), max(ys), HEIGHT - BOTTOM, TOP)
    body = [*_levels(y_axis), _y_label(y_label)]
    body += [_tick(x_axis(tick), f"{tick:g}") for tick in x_axis.ticks]
    scale = ", logarithmic" if is_wide else ""
    middle = (LEFT + WIDTH - RIGHT) / 2
    body.append(
        f'<text class="label" x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{escape(x_label)}{scale}</text>'
    )
    for number, point in enumerate(points):
        x, y, radius = x_axis(point.x), y_axis(point.y), 3 + 5 * point.size**0.5
        shape = "dot" if point.filled else "ring"
        body.append(f'<circle class="{shape} {point.style}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/>')
        if number < LABELLED:
            before = x > WIDTH - RIGHT - 30
            at, anchor = (x - radius - 3, "end") if before else (x + radius + 3, "start")
            body.append(
                f'<text class="label" x="{at:.1f}" y="{y + 4:.1f}" text-anchor="{anchor}">{escape(point.label)}</text>'
            )
    on_front = ", ".join(point.label for point in points if point.filled)
    description = f"{y_label} over {x_label}{scale}, {len(points)} points; on the Pareto front, filled: {on_front}."
    return svg(title, description, WIDTH, HEIGHT, body)


def _levels(axis: Axis) -> list[str]:
    parts = []
    for tick in axis.ticks:
        y = axis(tick)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 5}" y="{y + 3.5:.1f}" text-anchor="end">{tick:g}</text>')
    return parts


def _dates(axis: Axis, first: float, last: float) -> list[str]:
    """The first day and the last; one, where they are the same."""
    days = dict.fromkeys(
        (datetime.datetime.fromtimestamp(at, datetime.timezone.utc).date().isoformat(), at) for at in (first, last)
    )
    if len({day for day, _ in days}) == 1:
        return [_tick((axis(first) + axis(last)) / 2, next(iter(days))[0])]
    (start, from_x), (end, to_x) = days
    return [_tick(max(axis(from_x), LEFT + 28), start), _tick(min(axis(to_x), WIDTH - RIGHT - 28), end)]


def _tick(x: float, text: str) -> str:
    return f'<text class="tick" x="{x:.1f}" y="{HEIGHT - BOTTOM + 14}" text-anchor="middle">{text}</text>'


def _y_label(text: str) -> str:
    middle = (TOP + HEIGHT - BOTTOM) / 2
    return (
        f'<text class="label" transform="translate(11 {middle}) rotate(-90)" text-anchor="middle">{escape(text)}</text>'
    )
