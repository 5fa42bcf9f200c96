"""The section on times: both clocks in words, every forward time, speed-ups, peers, first calls, and what is absent."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.report import comparisons, figures, passes
from harness.report.charts import interval_figure, timing_mark
from harness.report.document import (
    Block,
    Bullets,
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
from harness.report.facts import Cell, cells
from harness.report.limits import first
from harness.report.measured import ENGINE, FLOAT32, Forward, Measured, Subject
from harness.report.memory import OF_THE_MACHINE
from harness.report.metric import Metric
from harness.report.statistics import Interval
from harness.report.status import refusal

Found = Sequence[tuple[Cell, Measured]]


def section(record: Mapping[str, Any]) -> Section:
    measured = [(cell, cell.measured) for cell in cells(record) if cell.measured]
    if not measured:
        return Section("inference", "Inference", ())
    blocks: list[Block] = [Paragraph(plain(CLOCKS)), *passes.blocks(measured)]
    timed = [(cell, found) for cell, found in measured if found.forward]
    if timed:
        blocks += [_forward_table(timed), *_peaks(timed), *comparisons.speedups(timed), *comparisons.peers(timed)]
        shown, others = first(timed, "Forward passes, drawn")
        blocks += [
            Figures(f"Forward pass, {cell.name}", drawn) for cell, found in shown if (drawn := tuple(_figures(found)))
        ]
        blocks += others
    blocks += _beginnings(measured)
    absent = tuple(
        (Span(f"{cell.name}, {what}: ", "strong"), Span(f"{why}."))
        for cell, found in measured
        for what, why in found.absent
        if what not in OF_THE_MACHINE
    )
    if absent:
        blocks += [Paragraph(plain("Not measured, and why:")), Bullets(absent)]
    return Section("inference", "Inference", tuple(blocks))


CLOCKS = (
    "Two clocks, never mixed. The dataset pass is the published one: it runs from the first byte read to the last prediction on the host, "
    "over every dev row, so reading, decoding and padding are inside. The forward pass is the model alone: inputs prepared and resident on "
    "the device before the clock starts, logits there when it stops, the device waited for at both ends of every call. Real lengths are "
    "batches of rows of like length, padded to their longest. A number stands only where the timing is valid."
)


def _forward_table(measured: Found) -> Table:
    columns = ("runtime, precision, inputs", "median", "p90", "p99", "rows/s", "GFLOP/s", "of the peak", "predictions")
    groups = tuple(
        Group(
            tuple(_row(found, each, cell.metric) for each in found.forward if each.workload.model == model.name),
            f"{cell.name}: {model.name}",
        )
        for cell, found in measured
        for model in found.models
    )
    return Table(
        "Forward pass, ms a call: median with its 95 % interval, percentiles where there are calls enough; rows and "
        "GFLOP a second from the mean call; beside the speed, the score "
        "on the dev set and how many of the checked rows agree with the reference path",
        columns,
        tuple(group for group in groups if group.rows),
        frozenset(range(1, 8)),
    )


def _row(measured: Measured, forward: Forward, metric: Metric) -> tuple[Text, ...]:
    workload, timing = forward.workload, forward.timing
    what = plain(f"{workload.runtime}, {workload.precision}, {workload.inputs}")
    quality = _quality(measured.subject(workload), metric)
    if not timing.valid or timing.median is None:
        return what, refusal(timing), *(plain(""),) * 5, quality
    share = forward.share_of_peak
    return (
        what,
        noted(
            figures.milliseconds(timing.median),
            figures.milliseconds_interval(timing.interval) if timing.interval else "no interval",
        ),
        *(
            plain("too few" if percentile is None else figures.measure(percentile))
            for percentile in (timing.p90, timing.p99)
        ),
        *(
            plain("unknown" if rate is None else figures.measure(rate))
            for rate in (forward.rows_per_s, forward.gflop_per_s)
        ),
        plain("unknown" if share is None else figures.percent(share)),
        quality,
    )


def _quality(subject: Subject | None, metric: Metric) -> Text:
    """What the speed was bought with: random weights have no score, but they agree with the reference path or not."""
    if subject is None:
        return plain("unknown")
    agreement = "" if subject.agreement is None else f"{figures.percent(subject.agreement)} agree"
    if subject.score is None:
        return noted(agreement or "unknown", "random weights")
    return noted(f"{metric.label} {metric.value(subject.score)}", agreement)


def _peaks(measured: Found) -> list[Block]:
    items = tuple(
        (Span(f"{cell.name}, peak in {precision}: ", "strong"), Span(_peak(peak)))
        for cell, found in measured
        for precision, peak in found.peaks.items()
    )
    return [Bullets(items)] if items else []


def _peak(peak: Mapping[str, Any]) -> str:
    return f"{figures.measure(peak['gflop_per_s'])} GFLOP/s, measured: {peak['how']}."


def _figures(measured: Measured) -> Iterator[Figure]:
    """One figure per inputs, because times of different inputs do not compare."""
    roles: dict[str, str] = {model.name: model.role for model in measured.models}
    order = [*roles, *(each.workload.model for each in measured.forward)]
    for inputs in dict.fromkeys(each.workload.inputs for each in measured.forward):
        found = (
            timing_mark(_mark(each), roles.get(each.workload.model, "other"), each.timing)
            for each in sorted(measured.forward, key=lambda each: order.index(each.workload.model))
            if each.workload.inputs == inputs
        )
        marks = [mark for mark in found if mark]
        if marks:
            yield interval_figure(inputs.capitalize(), "ms a call", marks, from_zero=True)


def _mark(forward: Forward) -> str:
    """As short as tells it apart: the model alone on this engine in float32."""
    workload = forward.workload
    runtime = "" if workload.runtime == ENGINE else f" {workload.runtime}"
    return f"{workload.model}{runtime}{'' if workload.precision == FLOAT32 else f' {workload.precision}'}"


def _beginnings(measured: Found) -> list[Block]:
    """What a process pays once: loading the model, and the first call."""
    groups = tuple(
        Group(tuple(_beginning(found, subject) for subject in found.subjects), cell.name)
        for cell, found in measured
        if found.subjects
    )
    if not groups:
        return []
    return [
        Table(
            "Load and first call of a fresh process, apart from the times above: median and range over rounds",
            ("model, runtime, precision", "load", "first call"),
            groups,
            frozenset({1}),
        )
    ]


def _beginning(measured: Measured, subject: Subject) -> tuple[Text, ...]:
    """A first call stands only where the calls after it are valid."""
    calls = [
        f"{figures.milliseconds(statistics.median(each.first_call_ms))} at {each.workload.inputs}"
        for each in measured.forward
        if measured.subject(each.workload) is subject and each.timing.valid and each.first_call_ms
    ]
    load = subject.load_s
    return (
        plain(f"{subject.model}, {subject.runtime}, {subject.precision}"),
        noted(figures.seconds(statistics.median(load)), figures.seconds_interval(Interval(min(load), max(load))))
        if load
        else plain("unknown"),
        plain("; ".join(calls) or "none that counts"),
    )
