"""Which timings count, why the others do not, and how small a change the ones that count would show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from harness.report import figures
from harness.report.document import Block, Bullets, Group, Paragraph, Section, Span, Table, Text, noted, plain
from harness.report.facts import Cell, cells
from harness.report.measured import Measured, Timing
from harness.report.status import BADGES, REASONS, label, reasons

STATUSES = ("valid", "unstable", "invalid")


def timings(measured: Measured) -> Iterator[tuple[str, Timing]]:
    """What each timing is of, and the timing: the dataset passes, then the forward passes."""
    for model in measured.models:
        if model.dataset_pass:
            yield f"{model.name}, dataset pass", model.dataset_pass
    for each in measured.forward:
        yield label(each.workload), each.timing


def refused(cell: Cell) -> str:
    """`2 of 14 timings are unstable, 1 is invalid`; empty where all are valid, or none was taken."""
    counts = _counts(cell.measured) if cell.measured else Counter[str]()
    bad = [(status, counts[status]) for status in STATUSES[1:] if counts[status]]
    total = sum(counts.values())
    parts = [
        f"{number}{'' if position else f' of {total} timings'} {'is' if number == 1 else 'are'} {status}"
        for position, (status, number) in enumerate(bad)
    ]
    return ", ".join(parts)


def section(record: Mapping[str, Any]) -> Section:
    measured = [(cell, cell.measured) for cell in cells(record) if cell.measured]
    if not measured:
        return Section("validity", "Validity", ())
    counts = Table(
        "Timings by status",
        ("cell", *STATUSES),
        (
            Group(
                tuple(
                    (plain(cell.name), *(plain(_counts(found)[status]) for status in STATUSES))
                    for cell, found in measured
                )
            ),
        ),
        frozenset({1, 2, 3}),
    )
    blocks: list[Block] = [counts]
    bad = tuple(Group(rows, cell.name) for cell, found in measured if (rows := _bad_rows(found)))
    if bad:
        columns = ("timing", "status", "reason", "attempts")
        blocks.append(Table("Timings that do not count, and why", columns, bad, frozenset({3})))
        blocks.append(Bullets(_meanings(measured)))
    blocks.append(
        Table(
            "How sure each timing is",
            ("timing", "calls", "rounds", "outliers", "variation of the rounds", "slow-down it would show"),
            tuple(
                Group(tuple(_sure(name, timing) for name, timing in timings(found)), cell.name)
                for cell, found in measured
            ),
            frozenset(range(1, 6)),
        )
    )
    blocks.append(Paragraph(plain(HOW_SURE)))
    blocks.append(Bullets(tuple(_clock(cell, found) for cell, found in measured)))
    return Section("validity", "Validity", tuple(blocks))


HOW_SURE = (
    "Outliers are counted and kept: none is left out of a median. The variation is the standard deviation of the rounds' medians over "
    "their mean. A slow-down of the last column's size or more would be seen with 80 % power. A timing that did not count for a reason "
    "that passes (a busy machine, drift, heat) was taken once more, all its rounds, and the second attempt is what stands here."
)


def _counts(measured: Measured) -> Counter[str]:
    return Counter(timing.status for _, timing in timings(measured))


def _bad_rows(measured: Measured) -> tuple[tuple[Text, ...], ...]:
    return tuple(
        (
            plain(name),
            (Span(timing.status, BADGES.get(timing.status, "bad")),),
            plain(reasons(timing)),
            plain(timing.attempts),
        )
        for name, timing in timings(measured)
        if not timing.valid
    )


def _meanings(measured: list[tuple[Cell, Measured]]) -> tuple[Text, ...]:
    """What each reason that occurs means."""
    codes = dict.fromkeys(
        reason.code for _, found in measured for _, timing in timings(found) for reason in timing.reasons
    )
    return tuple(
        (Span(f"{REASONS[code][0].capitalize()}: ", "strong"), Span(f"{REASONS[code][1]}."))
        for code in codes
        if code in REASONS
    )


def _sure(name: str, timing: Timing) -> tuple[Text, ...]:
    change, variation = timing.detectable_change, timing.variation
    return (
        noted(name, "" if timing.valid else timing.status),
        plain(figures.count(timing.calls)),
        plain(timing.rounds),
        plain(figures.count(timing.outliers)),
        plain("unknown" if variation is None else figures.small_percent(variation)),
        plain("unknown" if change is None else f"{figures.small_percent(change)} or more")
        if timing.valid
        else plain("none"),
    )


def _clock(cell: Cell, measured: Measured) -> Text:
    """Whether the clock provably waits for the device, and whether the device's own clock was held."""
    sync = measured.protocol.get("synchronization") or {}
    if sync.get("proved"):
        took = f"{figures.milliseconds(sync['synchronised_ms'])} with waiting, {figures.milliseconds(sync['unsynchronised_ms'])} without"
        said = f"the clock was proved to wait for the device (the same work took {took})"
    else:
        said = "the clock was not proved to wait for the device"
    return Span(f"{cell.name}: ", "strong"), Span(
        f"{said}; device clocks: {measured.protocol.get('clocks', 'unknown')}."
    )
