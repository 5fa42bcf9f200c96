"""Size, time, memory and energy of the models, in rounds of fresh processes that this one starts, watches and judges.

Two timings with two names. `dataset pass` is what the published 4.04 s and 0.65 s were (`measuring/dataset_pass.py`); `forward` is the
model alone, on prepared inputs (`measuring/forward.py`). What a timing must be to be shown: `measuring/validity.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tinybert import artifacts
from tinybert.measuring import benchmark_file, findings
from tinybert.measuring.limits import limits_for
from tinybert.measuring.reasons import VALID
from tinybert.measuring.rounds import Attempt, SubjectRound, of_subjects, run_attempt
from tinybert.measuring.subjects import Cell, Model, Subject, models, subjects
from tinybert.measuring.validity import Round, Timing, needs_retry
from tinybert.measuring.watch import Watch
from tinybert.result import Outcome, StageContext

SCRATCH = "rounds"
LOADER = "OFRecord file read and decoded inside the clock"


def run(context: StageContext) -> Outcome:
    spec, out, options = context.spec, context.out, context.spec.options
    measured = models(spec, out / SCRATCH / "models")
    wanted = subjects(measured, options["forward"]["cells"])
    device, rounds, timed = spec.device.partition(":")[0], options["rounds"], options["dataset_pass"] is not None
    limits = limits_for(device, rounds, options["forward"]["round"]["calls"])
    pass_limits = limits_for(device, rounds, options["dataset_pass"]["passes"] if timed else 0)
    with Watch(spec.device) as watch:
        everyone = Attempt(1, tuple(wanted), frozenset(each.id for each in wanted if timed and each.is_default))
        found, order = run_attempt(everyone, spec, out / SCRATCH, watch)
        first = {name: processes[0] for name, processes in found.items()}
        cells = findings.judge_cells(wanted, found, first, limits, 1, known={})
        passes = findings.judge_dataset_passes(found, first, pass_limits, attempts=1)
        if options["attempts"] > 1 and (again := _again(wanted, cells, passes)):
            second, more_order = run_attempt(again, spec, out / SCRATCH, watch)
            found |= {name: second[name] for name in again.dataset_passes}
            order += more_order
            cells |= findings.judge_cells(again.subjects, second, first, limits, 2, known=cells)
            passes |= findings.judge_dataset_passes(second, first, pass_limits, attempts=2)
    details = _details(watch, measured, wanted, first, found, cells, passes) | {
        "protocol": _protocol(options, order, first, watch)
    }
    _write_samples(out / "samples.json", details["protocol"], cells, passes)
    artifacts.write_json(out / "benchmark.json", benchmark_file.merged(out / SCRATCH))
    return Outcome(
        metrics=_metrics(measured, details),
        artifacts={"samples": "samples.json", "benchmark": "benchmark.json"},
        details=details,
        scratch=(SCRATCH,),
    )


def _again(
    wanted: Sequence[Subject], cells: Mapping[findings.CellKey, findings.Judged], passes: Mapping[str, Any]
) -> Attempt | None:
    """What is measured once more: each cell and dataset pass whose reasons may pass."""
    doubtful_passes = frozenset(name for name, (_, timing) in passes.items() if needs_retry(timing))
    doubtful: dict[str, list[Cell]] = {name: [] for name in doubtful_passes}
    for (name, cell), judged in cells.items():
        if needs_retry(judged.timing):
            doubtful.setdefault(name, []).append(cell)
    chosen = of_subjects(wanted, doubtful)
    return Attempt(2, chosen, doubtful_passes) if chosen else None


def _protocol(
    options: dict[str, Any], order: list[list[str]], first: Mapping[str, SubjectRound], watch: Watch
) -> dict[str, Any]:
    proofs = [each.facts["synchronization"] for each in first.values() if not each.absent]
    return _pass_protocol(options["dataset_pass"], first) | {
        "rounds": options["rounds"],
        "order": order,
        "forward": options["forward"],
        "synchronization": {
            "proved": findings.is_synchronized(first),
            "unsynchronised_ms": proofs[0]["issued_ms"],
            "synchronised_ms": proofs[0]["synchronized_ms"],
        },
        "clocks": watch.clocks(),
    }


def _pass_protocol(wanted: dict[str, int] | None, first: Mapping[str, SubjectRound]) -> dict[str, Any]:
    """Of the dataset pass; nothing where none is timed."""
    if wanted is None:
        return {}
    ran = next(each.facts["dataset_passes"][0] for each in first.values() if each.facts.get("dataset_passes"))
    return {
        "rows": ran["rows"],
        "batch_size": wanted["batch_size"],
        "padded_length": wanted["padded_length"],
        "loader": LOADER,
        "passes_per_round": wanted["passes"],
    }


def _details(
    watch: Watch,
    measured: Sequence[Model],
    wanted: Sequence[Subject],
    first: Mapping[str, SubjectRound],
    found: Mapping[str, Sequence[SubjectRound]],
    cells: Mapping[findings.CellKey, findings.Judged],
    passes: Mapping[str, Any],
) -> dict[str, Any]:
    """`first`: the processes that made the checks; `found`: those whose dataset passes count."""
    peaks = findings.matrix_peaks(first)
    absent = [{"what": name, "why": each.absent} for name, each in first.items() if each.absent]
    defaults = {each.model.name: each.id for each in wanted if each.is_default}
    described = {
        model.name: model.facts() | _pass_facts(found[defaults[model.name]], passes.get(defaults[model.name]))
        for model in measured
    }
    return {
        "models": described,
        "dataset_pass_speedup": _pass_speedup(measured, {name: passes.get(defaults[name]) for name in defaults}),
        "forward": [each.as_json(peaks.get(each.subject.precision, {}).get("gflop_per_s")) for each in cells.values()],
        "speedups": findings.speedups(cells),
        "peers": findings.peers(cells),
        "subjects": [
            _subject_facts(each, first[each.id].facts, found[each.id]) for each in wanted if not first[each.id].absent
        ],
        "peaks": peaks,
        "readings": watch.summary(),
        "absent": absent + watch.absent(),
    }


def _pass_facts(processes: Sequence[SubjectRound], judged: tuple[Sequence[Round], Timing] | None) -> dict[str, Any]:
    rounds, timing = judged if judged else ((), None)
    return {
        "load_s": [each.facts["load_s"] for each in processes],
        "first_pass_s": [seconds for each in processes for seconds in each.first_passes_s],
        "dataset_pass_s": [sample for each in rounds for sample in each.samples],
        "dataset_pass": timing.as_json() if timing else None,
    }


def _pass_speedup(measured: Sequence[Model], passes: Mapping[str, Any]) -> dict[str, Any] | None:
    by_role = {each.role: passes[each.name] for each in reversed(measured)}
    teacher, student = by_role.get("teacher"), by_role.get("student")
    return findings.ratio(*teacher, *student) if teacher and student else None


def _subject_facts(subject: Subject, first: Mapping[str, Any], processes: Sequence[SubjectRound]) -> dict[str, Any]:
    peaks = [each.device_peak_bytes for each in processes if each.device_peak_bytes is not None]
    return {
        "model": subject.model.name,
        "runtime": subject.runtime,
        "precision": subject.precision,
        "load_s": [each.facts["load_s"] for each in processes],
        "host_peak_bytes": max(each.facts["host_peak_bytes"] for each in processes),
        "host_before_bytes": first["host_before_bytes"],
        "device_peak_bytes": max(peaks, default=None),
        "score": first.get("dev", {}).get("score"),
        "predictions_sha256": first.get("dev", {}).get("predictions_sha256"),
        "agreement": first["predictions"]["agreement"],
    }


def _metrics(measured: Sequence[Model], details: dict[str, Any]) -> dict[str, float]:
    """What a trend follows: only what is valid."""
    metrics: dict[str, float] = {}
    for model in measured:
        if model.role in ("teacher", "student"):
            facts = details["models"][model.name]
            metrics[f"{model.role}_parameters"] = facts["parameters"]["encoder"]
            if facts["dataset_pass"] and facts["dataset_pass"]["status"] == VALID:
                metrics[f"{model.role}_dataset_pass_s"] = facts["dataset_pass"]["median"]
    if details["dataset_pass_speedup"]:
        metrics["speedup"] = details["dataset_pass_speedup"]["ratio"]
    students = [model.name for model in measured if model.role == "student"]
    padded = [
        each
        for each in details["speedups"]
        if each["model"] in students
        and (each["runtime"], each["precision"]) == ("engine", "float32")
        and each["length"] != "real"
    ]
    if padded:
        metrics["forward_speedup"] = max(padded, key=lambda each: each["batch_size"])["ratio"]["ratio"]
    return metrics


def _write_samples(
    path: Path, protocol: dict[str, Any], cells: Mapping[findings.CellKey, findings.Judged], passes: Mapping[str, Any]
) -> None:
    """Every raw sample that was judged: forward in ms, dataset passes in seconds."""
    forward = [
        {
            "subject": name,
            "batch_size": cell[0],
            "length": cell[1],
            "rounds_ms": [list(each.samples) for each in judged.rounds],
        }
        for (name, cell), judged in cells.items()
    ]
    dataset = [
        {"subject": name, "rounds_s": [list(each.samples) for each in rounds]} for name, (rounds, _) in passes.items()
    ]
    artifacts.write_json(path, {"protocol": protocol, "forward": forward, "dataset_pass": dataset})
