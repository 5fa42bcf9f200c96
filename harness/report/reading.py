"""The `details` of a stage `measure` (docs/contract.md), from JSON into `measured`'s facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.report.measured import Comparison, Forward, Measured, Model, Ratio, Reason, Subject, Timing, Workload
from harness.report.statistics import Interval

Json = Mapping[str, Any]


def measured(details: Json) -> Measured:
    return Measured(
        protocol=details["protocol"],
        models=tuple(_model(name, model) for name, model in details["models"].items()),
        dataset_pass_speedup=_ratio(details.get("dataset_pass_speedup")),
        forward=tuple(map(_forward, details.get("forward", ()))),
        absent=tuple((each["what"], each["why"]) for each in details.get("absent", ())),
        speedups=tuple(Comparison(_workload(e), e["against"], _ratio(e["ratio"])) for e in details.get("speedups", ())),
        peers=tuple(Comparison(_workload(e), e["runtime"], _ratio(e["ratio"])) for e in details.get("peers", ())),
        subjects=tuple(map(_subject, details.get("subjects", ()))),
        peaks=details.get("peaks") or {},
        readings=details.get("readings") or {},
    )


def with_projections(found: Measured) -> Measured:
    """Models that were never trained, with the projection that their distillation would add.

    It maps the student's width to the teacher's (TinyBERT's hidden-state loss, Jiao et al. 2020; here with a bias), so the two
    shapes give its count: 312 x 768 + 768 = 240,384. The published 14.5 M holds it.
    """
    teacher = found.role("teacher")
    if teacher is None:
        return found
    to_width = teacher.shape["hidden_size"]
    models = tuple(
        model if model is teacher else replace(model, parameters=dict(model.parameters) | {"projection": count})
        for model in found.models
        for count in (model.shape["hidden_size"] * to_width + to_width,)
    )
    return replace(found, models=models)


def _workload(value: Json) -> Workload:
    return Workload(value["model"], value["runtime"], value["precision"], value["batch_size"], value["length"])


def _timing(value: Json) -> Timing:
    return Timing(
        status=value["status"],
        reasons=tuple(Reason(each["code"], each["detail"]) for each in value["reasons"]),
        median=value.get("median"),
        interval=_interval(value.get("interval")),
        p90=value.get("p90"),
        p99=value.get("p99"),
        minimum=value.get("minimum"),
        variation=value.get("variation"),
        calls=value.get("calls", 0),
        rounds=value.get("rounds", 0),
        outliers=value.get("outliers", 0),
        round_medians=tuple(value.get("round_medians") or ()),
        attempts=value.get("attempts", 1),
        detectable_change=value.get("detectable_change"),
    )


def _ratio(value: Json | None) -> Ratio | None:
    return None if value is None else Ratio(value["ratio"], _interval(value.get("interval")))


def _interval(value: Sequence[float] | None) -> Interval | None:
    return None if value is None or None in value else Interval(*value)


def _model(name: str, value: Json) -> Model:
    timing = value.get("dataset_pass")
    return Model(
        name=name,
        role=value["role"],
        parameters=value["parameters"],
        shape=value["shape"],
        disk_bytes=value.get("disk_bytes"),
        load_s=tuple(value.get("load_s") or ()),
        first_pass_s=tuple(value.get("first_pass_s") or ()),
        dataset_pass_s=tuple(value.get("dataset_pass_s") or ()),
        dataset_pass=timing and _timing(timing),
    )


def _forward(value: Json) -> Forward:
    return Forward(
        workload=_workload(value),
        timing=_timing(value["timing"]),
        first_call_ms=tuple(value.get("first_call_ms") or ()),
        rows_per_s=value.get("rows_per_s"),
        gflop_per_s=value.get("gflop_per_s"),
        share_of_peak=value.get("share_of_peak"),
        energy_j_per_row=value.get("energy_j_per_row"),
    )


def _subject(value: Json) -> Subject:
    return Subject(
        model=value["model"],
        runtime=value["runtime"],
        precision=value["precision"],
        load_s=tuple(value.get("load_s") or ()),
        host_peak_bytes=value.get("host_peak_bytes"),
        host_before_bytes=value.get("host_before_bytes"),
        device_peak_bytes=value.get("device_peak_bytes"),
        score=value.get("score"),
        agreement=value.get("agreement"),
    )
