"""Charts as SVG text, drawn by hand: small, crisp at any size, and coloured by the page's style sheet for light, dark and print.

Classes: `teacher`, `student`, `term1`..`term3` colour a mark; dashes tell lines apart without colour. Every chart carries a title
and a description for those who do not see it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import escape

WIDTH, HEIGHT = 360, 220
LEFT, RIGHT, TOP, BOTTOM = 48, 10, 26, 38
ROW_HEIGHT = 26
# About the width of a letter at the style sheet's 11 pixels.
LETTER = 6.2
LONGEST_LABEL = 30
# A span of more than this factor is drawn on a logarithmic axis.
LOG_SPAN = 20


@dataclass(frozen=True)
class Line:
    name: str
    style: str
    points: tuple[tuple[float, float], ...]
    markers: bool = False


@dataclass(frozen=True)
class Level:
    """A horizontal line for reference."""

    name: str
    style: str
    y: float


@dataclass(frozen=True)
class Mark:
    """A row of an interval chart: a centre, what lies around it, and the single samples where there are any."""

    label: str
    style: str
    centre: float
    low: float | None = None
    high: float | None = None
    samples: tuple[float, ...] = ()


@dataclass(frozen=True)
class Axis:
    """Maps values to pixels, with ticks at round values."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool
    ticks: tuple[float, ...]

    def __call__(self, value: float) -> float:
        low, high, at = (
            (math.log(v) for v in (self.low, self.high, value)) if self.logarithmic else (self.low, self.high, value)
        )
        return self.start + (at - low) / (high - low) * (self.end - self.start)


def line_chart(title: str, x_label: str, y_label: str, lines: Sequence[Line], level: Level | None = None) -> str:
    """Lines over steps. Raises ValueError without a point."""
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points] + ([level.y] if level else [])
    if not xs:
        raise ValueError(f"{title}: nothing to draw")
    logarithmic = min(ys) > 0 and max(ys) / min(ys) > LOG_SPAN
    x_axis = _linear(0, max(xs), LEFT, WIDTH - RIGHT, 5)
    y_axis = (logarithmic_axis if logarithmic else padded_axis)(min(ys), max(ys), HEIGHT - BOTTOM, TOP)
    body = [_grid(x_axis, y_axis)]
    if level:
        y = y_axis(level.y)
        body.append(
            f'<line class="line {level.style} level" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
    for number, line in enumerate(lines):
        places = [(x_axis(x), y_axis(y)) for x, y in line.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        body.append(f'<polyline class="line {line.style} dash{number}" points="{path}"/>')
        if line.markers or len(places) == 1:
            body += [f'<circle class="dot {line.style}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in places]
    body.append(_legend([(line.name, f"{line.style} dash{number}") for number, line in enumerate(lines)], level))
    body.append(
        f'<text class="label" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}" text-anchor="middle">{escape(x_label)}</text>'
    )
    scale = ", logarithmic" if logarithmic else ""
    middle = (TOP + HEIGHT - BOTTOM) / 2
    body.append(
        f'<text class="label" transform="translate(11 {middle}) rotate(-90)" text-anchor="middle">{escape(y_label)}{scale}</text>'
    )
    ends = "; ".join(
        f"{line.name} from {line.points[0][1]:.3g} to {line.points[-1][1]:.3g}" for line in lines if line.points
    )
    return svg(title, f"{y_label}{scale} over {x_label}: {ends}.", WIDTH, HEIGHT, body)


def interval_chart(title: str, x_label: str, marks: Sequence[Mark], from_zero: bool = False) -> str:
    """One row per mark: its interval as a bar, its samples as rings, its centre as a dot. Raises ValueError without a mark.

    `from_zero`: for quantities whose ratio is the message, so that distances from the left edge compare.
    """
    values = [v for m in marks for v in (m.centre, m.low, m.high, *m.samples) if v is not None]
    if not values:
        raise ValueError(f"{title}: nothing to draw")
    labels = [m.label if len(m.label) <= LONGEST_LABEL else m.label[: LONGEST_LABEL - 1] + "…" for m in marks]
    left, bottom = 16 + LETTER * max(map(len, labels)), 8 + ROW_HEIGHT * len(marks)
    right = WIDTH - RIGHT - 8
    axis = (
        _linear(0, 1.06 * max(values), left, right, 4)
        if from_zero
        else padded_axis(min(values), max(values), left, right)
    )
    body = []
    for tick in axis.ticks:
        x = axis(tick)
        body.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="4" y2="{bottom}"/>')
        body.append(f'<text class="tick" x="{x:.1f}" y="{bottom + 13}" text-anchor="middle">{tick:g}</text>')
    for number, (mark, label) in enumerate(zip(marks, labels, strict=True)):
        y, x = 8 + ROW_HEIGHT * (number + 0.5), axis(mark.centre)
        body.append(f'<text class="label" x="{left - 10:.1f}" y="{y + 4:.1f}" text-anchor="end">{escape(label)}</text>')
        if mark.low is not None and mark.high is not None:
            body.append(
                f'<line class="bar {mark.style}" x1="{axis(mark.low):.1f}" x2="{axis(mark.high):.1f}" y1="{y}" y2="{y}"/>'
            )
        body += [
            f'<circle class="ring {mark.style}" cx="{axis(sample):.1f}" cy="{y}" r="4"/>' for sample in mark.samples
        ]
        body.append(f'<circle class="dot {mark.style}" cx="{x:.1f}" cy="{y}" r="3.5"/>')
    middle = (left + WIDTH - RIGHT) / 2
    body.append(f'<text class="label" x="{middle:.1f}" y="{bottom + 30}" text-anchor="middle">{escape(x_label)}</text>')
    described = "; ".join(
        f"{m.label} {m.centre:.4g}"
        + (f" ({m.low:.4g} to {m.high:.4g})" if m.low is not None and m.high is not None else "")
        for m in marks
    )
    return svg(title, f"{x_label}: {described}.", WIDTH, bottom + 38, body)


def svg(title: str, description: str, width: int, height: int, body: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}. {escape(description)}">'
        f"<title>{escape(title)}</title><desc>{escape(description)}</desc>{''.join(body)}</svg>"
    )


def _grid(x_axis: Axis, y_axis: Axis) -> str:
    parts = []
    for tick in y_axis.ticks:
        y = y_axis(tick)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 5}" y="{y + 3.5:.1f}" text-anchor="end">{tick:g}</text>')
    for tick in x_axis.ticks:
        parts.append(
            f'<text class="tick" x="{x_axis(tick):.1f}" y="{HEIGHT - BOTTOM + 14}" text-anchor="middle">{tick:g}</text>'
        )
    return "".join(parts)


def _legend(entries: Sequence[tuple[str, str]], level: Level | None) -> str:
    parts, x = [], float(LEFT)
    for name, style in [*entries, *([(level.name, f"{level.style} level")] if level else [])]:
        parts.append(f'<line class="line {style}" x1="{x:.0f}" x2="{x + 18:.0f}" y1="11" y2="11"/>')
        parts.append(f'<text class="label" x="{x + 22:.0f}" y="15">{escape(name)}</text>')
        x += 34 + LETTER * len(name)
    return "".join(parts)


def _linear(low: float, high: float, start: float, end: float, ticks: int) -> Axis:
    high = high if high > low else low + 1
    step = _round_step((high - low) / ticks)
    first = math.ceil(low / step - 1e-9)
    values = tuple(round(n * step, 10) for n in range(first, math.floor(high / step + 1e-9) + 1))
    return Axis(low, high, start, end, False, values)


def padded_axis(low: float, high: float, start: float, end: float, ticks: int = 4) -> Axis:
    """A little air at both ends, so that no mark sits on the frame."""
    air = (high - low) * 0.06 or abs(high) * 0.06 or 1.0
    return _linear(low - air, high + air, start, end, ticks)


def logarithmic_axis(low: float, high: float, start: float, end: float) -> Axis:
    low, high = low / 1.1, high * 1.1
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    fine = [m * 10.0**d for d in decades for m in (1, 2, 5)]
    inside = [tick for tick in fine if low <= tick <= high]
    whole = [tick for tick in inside if math.isclose(math.log10(tick) % 1, 0, abs_tol=1e-9)]
    return Axis(low, high, start, end, True, tuple(whole if len(whole) >= 3 else inside))


def _round_step(raw: float) -> float:
    """The next of 1, 2, 5, 10 times a power of ten."""
    power: float = 10.0 ** math.floor(math.log10(raw))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= raw * (1 - 1e-9))
