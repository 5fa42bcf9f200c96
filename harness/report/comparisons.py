"""Ratios of forward times: one model against another, and this engine against its peers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.report import figures
from harness.report.document import Block, Group, Paragraph, Span, Table, Text, plain
from harness.report.facts import Cell
from harness.report.measured import ENGINE, Comparison, Forward, Measured, Model, Ratio
from harness.report.status import why
from harness.report.values import compared


def speedups(measured: Sequence[tuple[Cell, Measured]]) -> list[Block]:
    """Every model against the teacher on the same runtime, precision and inputs."""
    groups = tuple(Group(rows, cell.name) for cell, found in measured if (rows := tuple(_speedup_rows(found))))
    if not groups:
        return []
    return [
        Table(
            "Speed-ups: the teacher's median time over the model's, 95 % bootstrap interval over rounds",
            ("model, runtime, precision, inputs", "speed-up", "95 % interval"),
            groups,
            frozenset({1, 2}),
        )
    ]


def peers(measured: Sequence[tuple[Cell, Measured]]) -> list[Block]:
    """This engine against the same model elsewhere, on the same machine, in the same rounds."""
    groups = tuple(Group(rows, cell.name) for cell, found in measured if (rows := tuple(_peer_rows(found))))
    if not groups:
        return []
    return [
        Paragraph(plain(PEERS)),
        Table(
            "Peers: the peer's median time over the engine's",
            ("model, precision, inputs", "peer", "engine against peer", "95 % interval", "in words"),
            groups,
            frozenset({2, 3}),
        ),
    ]


PEERS = (
    "Peers run the same weights in the same rounds: transformers is the reference model run eagerly with scaled dot-product attention, "
    "torch.compile the same compiled, onnxruntime the exported graph. Above 1 this project's engine is faster, below 1 it is slower; "
    "where the interval holds 1, these rounds do not tell them apart."
)


def _speedup_rows(measured: Measured) -> Iterator[tuple[Text, ...]]:
    teacher, student, ratio = measured.role("teacher"), measured.role("student"), measured.dataset_pass_speedup
    if teacher and student and teacher.dataset_pass and student.dataset_pass:
        passes = plain(f"{student.name} against {teacher.name}, dataset pass")
        yield (passes, *_numbers(ratio)) if ratio else (passes, _no_pass_ratio(teacher, student), plain(""))
    for each in _known_or_wanted(measured):
        workload = each.workload
        what = f"{workload.model} against {each.against}, {workload.runtime}, {workload.precision}, {workload.inputs}"
        if each.ratio:
            yield plain(what), *_numbers(each.ratio)
        else:
            other = measured.time(replace(workload, model=each.against))
            yield plain(what), _no_ratio(measured.time(workload), other), plain("")


def _known_or_wanted(measured: Measured) -> Iterator[Comparison]:
    """The stage's speed-ups, and those that it could not give because a time does not count."""
    teacher = measured.role("teacher")
    for each in measured.forward:
        workload = each.workload
        if teacher and workload.model != teacher.name and measured.time(replace(workload, model=teacher.name)):
            yield Comparison(workload, teacher.name, measured.speedup(workload, teacher.name))


def _peer_rows(measured: Measured) -> Iterator[tuple[Text, ...]]:
    for each in measured.forward:
        engine = measured.time(replace(each.workload, runtime=ENGINE))
        if each.workload.runtime == ENGINE or engine is None:
            continue
        workload = each.workload
        about = plain(f"{workload.model}, {workload.precision}, {workload.inputs}")
        ratio = next((known.ratio for known in measured.peers if known.workload == workload), None)
        if ratio is None:
            yield about, plain(workload.runtime), _no_ratio(engine, each), plain(""), plain("no ratio")
        else:
            number, interval = _numbers(ratio)
            yield about, plain(workload.runtime), number, interval, _verdict(ratio)


def _numbers(ratio: Ratio) -> tuple[Text, Text]:
    interval = figures.ratio_interval(ratio.interval) if ratio.interval else "one round: no interval"
    return plain(compared(ratio.ratio, "faster", "slower")), plain(interval)


def _verdict(ratio: Ratio) -> Text:
    if ratio.interval and 1 in ratio.interval:
        return (Span("no difference seen", "caution"),)
    return (Span("the engine is faster", "good"),) if ratio.ratio > 1 else (Span("the engine is slower", "bad"),)


def _no_pass_ratio(*models: Model) -> Text:
    reasons = [
        f"{each.name} {why(each.dataset_pass)}" for each in models if each.dataset_pass and not each.dataset_pass.valid
    ]
    return _refused(reasons)


def _no_ratio(*times: Forward | None) -> Text:
    """Which of the times does not count, and why."""
    reasons = [
        f"{each.workload.model} {each.workload.runtime} {why(each.timing)}"
        for each in times
        if each and not each.timing.valid
    ]
    return _refused(reasons)


def _refused(reasons: list[str]) -> Text:
    return Span("no ratio", "caution"), Span("; ".join(reasons) or "the stage did not give it", "note")
