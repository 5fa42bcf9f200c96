"""What a comparison says: what differs, the headline quantities side by side, and each side against the first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from harness.compare import contrast
from harness.compare.contrast import Contrast
from harness.compare.side import Side
from harness.report import figures
from harness.report.document import Bullets, Document, Group, Paragraph, Section, Span, Table, Text, noted, plain
from harness.report.files import HTML
from harness.report.language import Language, language, translated_table
from harness.report.measured import Timing
from harness.report.status import shown
from harness.report.values import compared

FIRST = "the first: the others are held against it"


@dataclass(frozen=True)
class Quantity:
    """A headline quantity: how a side's is shown, and how a side stands to the first."""

    name: str
    show: Callable[[Side], Text]
    against: Callable[[Side, Side], Contrast]
    words: Callable[[Contrast], Text]


def document(sides: Sequence[Side]) -> Document:
    """Raises ValueError for fewer than two sides."""
    if len(sides) < 2:
        raise ValueError("nothing to compare")
    differing, same = _conditions(sides)
    named = Bullets(tuple(_named(number, side) for number, side in enumerate(sides, start=1)))
    words = language("en")
    sections = (
        Section("differs", "What differs", (_table("What differs", sides, differing),) if differing else ()),
        Section("results", "Side by side", (_results(sides), Paragraph(plain(words.say("comparison_rules"))))),
        _translated(sides, differing, "zh"),
        Section("same", "What is the same", (_same(same),) if same else ()),
    )
    return Document(
        f"Comparison of {len(sides)} cells",
        (Paragraph(plain(_differ(differing, words))), named),
        tuple(section for section in sections if section.blocks),
    )


def _translated(sides: Sequence[Side], differing: Collection[str], name: str) -> Section:
    """What differs in a sentence, and the headline quantities."""
    words = language(name)
    blocks = (Paragraph(plain(_differ(differing, words))), translated_table(_results(sides), words))
    return Section(name, words.heading, (*blocks, Paragraph(plain(words.say("comparison_rules")))), words.tag)


def _differ(differing: Collection[str], words: Language) -> str:
    if not differing:
        return words.say("nothing_differs")
    return words.say("differ", names=words.say("comma").join(map(words.phrase, differing)))


def _named(number: int, side: Side) -> Text:
    """The side with its run's report and its place in the record."""
    report, record = Span("report", url=side.link(HTML)), Span("record", url=side.link(side.cell.source()))
    return Span(f"{number}: ", "strong"), Span(f"{side.name}: "), report, Span(" · "), record


def _who(number: int, side: Side) -> Text:
    return Span(str(number)), Span(side.name, "note", side.link(side.cell.source()))


def quantities(sides: Sequence[Side]) -> tuple[Quantity, ...]:
    metrics = dict.fromkeys(side.cell.metric.label for side in sides if side.score)
    heads = (Quantity(f"student's {' or '.join(metrics)}", _score, contrast.score, _points),) if metrics else ()
    return (
        *heads,
        Quantity("student's parameters", _parameters, contrast.parameters, _smaller),
        Quantity("student's dataset pass", lambda side: _seconds(side.dataset_pass), contrast.dataset_pass, _faster),
        Quantity("student's forward pass", _forward, contrast.forward, _faster),
    )


def _conditions(sides: Sequence[Side]) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Those that differ, by side, and those that all share."""
    found = [side.conditions() for side in sides]
    by_name = {name: tuple(each[name] for each in found) for name in found[0]}
    differing = {name: each for name, each in by_name.items() if len(set(each)) > 1}
    return differing, {name: each[0] for name, each in by_name.items() if name not in differing}


def _table(caption: str, sides: Sequence[Side], conditions: dict[str, tuple[str, ...]]) -> Table:
    columns = ("side", *conditions)
    rows = tuple(
        (_who(number, side), *(plain(each[number - 1]) for each in conditions.values()))
        for number, side in enumerate(sides, start=1)
    )
    return Table(caption, columns, (Group(rows),))


def _same(conditions: dict[str, str]) -> Table:
    rows = tuple((plain(name), plain(value)) for name, value in conditions.items())
    return Table("Of all sides", ("what", "value"), (Group(rows),))


def _results(sides: Sequence[Side]) -> Table:
    groups = tuple(Group(tuple(_lines(quantity, sides)), quantity.name) for quantity in quantities(sides))
    return Table("Headline quantities", ("side", "found", "against side 1"), groups, frozenset({1, 2}))


def _lines(quantity: Quantity, sides: Sequence[Side]) -> Iterator[tuple[Text, ...]]:
    for number, side in enumerate(sides, start=1):
        against = plain(FIRST) if number == 1 else _against(quantity, quantity.against(sides[0], side))
        yield _who(number, side), quantity.show(side), against


def _against(quantity: Quantity, found: Contrast) -> Text:
    return (Span("not compared"), Span(found.why, "note")) if found.value is None else quantity.words(found)


def _score(side: Side) -> Text:
    if side.score is None:
        return plain("not measured")
    metric, interval = side.cell.metric, side.score.interval
    rows = f"n = {figures.count(side.rows or 0)}"
    return noted(metric.value(side.score.value), f"{metric.interval(interval)}, {rows}" if interval else rows)


def _parameters(side: Side) -> Text:
    return plain("not measured" if side.parameters is None else figures.count(side.parameters))


def _seconds(timing: Timing | None) -> Text:
    if timing is None:
        return plain("not measured")
    interval = figures.seconds_interval(timing.interval) if timing.interval else ""
    return shown(timing, figures.seconds(timing.median or 0.0), interval)


def _forward(side: Side) -> Text:
    timing = side.forward
    if timing is None:
        return plain("not measured")
    interval = f"{figures.milliseconds_interval(timing.interval)}, " if timing.interval else ""
    return shown(timing, figures.milliseconds(timing.median or 0.0), f"{interval}{side.inputs}")


def _points(found: Contrast) -> Text:
    assert found.value is not None
    return noted(
        figures.points(found.value), _or_none(figures.points_interval(found.interval) if found.interval else "")
    )


def _smaller(found: Contrast) -> Text:
    assert found.value is not None
    return plain("the same" if found.value == 1 else compared(found.value, "smaller", "larger"))


def _faster(found: Contrast) -> Text:
    """In words only where the interval does not hold 1."""
    assert found.value is not None
    if found.interval and 1 in found.interval:
        return noted(f"{figures.ratio(found.value)}, no difference seen", figures.ratio_interval(found.interval))
    note = figures.ratio_interval(found.interval) if found.interval else ""
    return noted(compared(found.value, "faster", "slower"), _or_none(note))


def _or_none(interval: str) -> str:
    return interval or "no interval"
