"""The leaderboard's page: a ranking for each set of conditions, with its drawing, and what is not ranked and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.report import figures
from harness.report.document import (
    Block,
    Document,
    Figure,
    Figures,
    Group,
    Paragraph,
    Section,
    Span,
    Table,
    Text,
    noted,
    plain,
)
from harness.report.language import language, translated_table
from harness.site import parts
from harness.site.conditions import augmented, container_of, engine_of
from harness.site.drawings import Point, scatter
from harness.site.ranking import Entry, Placed, Ranking


def document(rankings: Sequence[Ranking], subjects: Sequence[str]) -> Document:
    data = Paragraph(
        (Span("All of it as data: "), Span("leaderboard.csv", url=parts.LEADERBOARD_CSV), Span(", "), Span("site.json", url=parts.SITE))
    )  # fmt: skip
    words = language("en")
    sections = [_section(number, each) for number, each in enumerate(rankings, start=1)]
    if any(each.placed for each in rankings):
        sections.append(_translated(rankings, "zh"))
    return Document(
        title=words.say("leaderboard"),
        lead=(
            Paragraph(plain(words.say("ranking_rules" if rankings else "no_ranking"))),
            parts.links(subjects, parts.LEADERBOARD),
            data,
        ),
        sections=tuple(sections),
    )


def _translated(rankings: Sequence[Ranking], name: str) -> Section:
    """Every ranking in another language, in one section; what is not ranked and why stands in the English ones alone."""
    words = language(name)
    tables = [
        replace(
            translated_table(_table(each), words),
            caption=words.say("ranking", where=words.phrase(each.conditions.name)),
        )
        for each in rankings
        if each.placed
    ]
    rules = Paragraph(plain(f"{words.say('ranking_rules')}{words.say('unranked')}"))
    return Section(name, words.say("leaderboard"), (rules, *tables), words.tag)


def _section(number: int, ranking: Ranking) -> Section:
    where = ranking.conditions
    blocks: list[Block] = [Paragraph(plain(f"{where.name}."))]
    if ranking.placed:
        blocks += [_table(ranking), Figures("", (_figure(ranking),))]
    if ranking.unranked:
        rows = tuple(
            ((*_who(each), Span(f"{each.model}, {_shape(each)}", "note")), plain(_score(each)), plain(each.why_unranked()), _record(each))
            for each in ranking.unranked
        )  # fmt: skip
        blocks.append(
            Table("Not ranked", ("run, cell", ranking.metric.label, "why", "record"), (Group(rows),), frozenset({1}))
        )
    title = f"{where.subject}, {where.profile}, {where.device or 'unknown device'}"
    return Section(f"ranking-{number}", title, tuple(blocks))


def _table(ranking: Ranking) -> Table:
    inputs = ranking.conditions.inputs
    columns = (
        "place",
        "run, cell",
        "model",
        ranking.metric.label,
        f"forward, {inputs}",
        "parameters",
        "Pareto front",
        "record",
    )
    rows = tuple(_row(each) for each in ranking.placed)
    caption = "By score; times are medians with 95 % intervals"
    return Table(caption, columns, (Group(rows),), frozenset({0, 3, 4, 5}))


def _row(placed: Placed) -> tuple[Text, ...]:
    entry = placed.entry
    interval = entry.timing.interval if entry.timing else None
    return (
        plain(placed.number),
        _who(entry),
        noted(entry.model, _shape(entry)),
        noted(_score(entry), entry.metric.interval(entry.score.interval) if entry.score.interval else ""),
        noted(figures.milliseconds(placed.milliseconds), figures.milliseconds_interval(interval) if interval else ""),
        plain(figures.count(placed.parameters)),
        (Span("on the front", "good"),) if placed.on_front else plain("beaten"),
        _record(entry),
    )


def _figure(ranking: Ranking) -> Figure:
    title = f"{ranking.metric.heading} against forward time"
    largest = max(each.parameters for each in ranking.placed)
    points = [
        Point(
            str(each.number),
            "teacher" if each.entry.model == "teacher" else "student",
            each.milliseconds,
            100 * each.score,
            each.parameters / largest,
            each.on_front,
        )
        for each in ranking.placed
    ]
    caption = f"{title}: numbers are places, areas parameters; filled is on the Pareto front"
    rows = tuple(
        (
            plain(each.number),
            plain(f"{100 * each.score:.4g}"),
            plain(f"{each.milliseconds:.4g}"),
            plain(figures.count(each.parameters)),
            plain("yes" if each.on_front else "no"),
        )
        for each in ranking.placed
    )
    columns = ("place", ranking.metric.axis, "ms", "parameters", "Pareto front")
    data = Table(f"{title}: {ranking.conditions.name}", columns, (Group(rows),), frozenset({0, 1, 2, 3}))
    drawing = scatter(title, "forward time in ms", ranking.metric.axis, points)
    return Figure(caption, drawing, data)


def _who(entry: Entry) -> Text:
    return parts.name(entry.run, entry.cell)


def _record(entry: Entry) -> Text:
    return (Span("record", url=entry.run.source(entry.cell)),)


def _shape(entry: Entry) -> str:
    """What tells models of one role apart."""
    inside = container_of(entry.cell)
    place = "" if inside == "none" else f" in {inside}"
    return f"{engine_of(entry.cell)}{place}, seed {entry.cell.seed}{augmented(entry.cell)}"


def _score(entry: Entry) -> str:
    return entry.metric.value(entry.score.value)
