"""The rounds: every subject once in each, in a process of its own, in an order drawn by the seed. A finished process is not run again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tinybert import artifacts, events, stop
from tinybert.data import splits
from tinybert.engine_choice import VARIABLE
from tinybert.errors import InfrastructureError
from tinybert.measuring.forward_cells import cell_id
from tinybert.measuring.inputs import REAL
from tinybert.measuring.orders import Orders
from tinybert.measuring.round import BENCHMARK, FACTS
from tinybert.measuring.subjects import Cell, Subject
from tinybert.measuring.validity import Observed, Round
from tinybert.measuring.watch import Watch
from tinybert.spec import StageSpec

OBSERVED = "observed.json"
LOG = "log.txt"
POLL_S = 0.05
# glibc gives large blocks back to the kernel when they are freed and takes new, empty pages for the next: at batch 32 every call of a
# student then faults its memory in again, which costs 8 % and doubles the spread between processes (two cores: 205 ms, variation 4.3 %,
# against 189 ms and 2.0 %). Kept memory is what a server has after its first requests. For every runtime alike; mallopt(3).
KEEP_FREED_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 32),
    "MALLOC_TOP_PAD_": str(1 << 26),
}


@dataclass(frozen=True)
class CellRound:
    """A cell's part of a process: samples in ms, one a call, and in which window of `time.monotonic_ns` they were taken."""

    round: Round
    first_call_ms: float
    gflop_per_call: float
    energy_j: float | None


@dataclass(frozen=True)
class SubjectRound:
    """What one process found; `absent` is why it could not."""

    facts: Mapping[str, Any]
    cells: Mapping[Cell, CellRound] = field(default_factory=dict)
    dataset_pass: Round | None = None
    device_peak_bytes: int | None = None
    absent: str = ""

    @property
    def first_passes_s(self) -> list[float]:
        return [each["seconds"] for each in self.facts["dataset_passes"] if each["is_first"]]


@dataclass(frozen=True)
class Attempt:
    """Who is measured in all rounds of an attempt: subjects with the cells wanted, and whose dataset pass."""

    number: int
    subjects: tuple[Subject, ...]
    dataset_passes: frozenset[str]


def run_attempt(
    attempt: Attempt, spec: StageSpec, out: Path, watch: Watch
) -> tuple[dict[str, list[SubjectRound]], list[list[str]]]:
    """By subject id its rounds, and the order of each round.

    Raises StopRequestedError when a signal has arrived (finished processes stay), InfrastructureError when a process fails.
    """
    found: dict[str, list[SubjectRound]] = {subject.id: [] for subject in attempt.subjects}
    orders: list[list[str]] = []
    rounds, total = spec.options["rounds"], spec.options["rounds"] * len(attempt.subjects)
    again = ", once more" if attempt.number > 1 else ""
    for number in range(rounds):
        rng = np.random.default_rng([spec.seed, attempt.number, number])
        order = [
            attempt.subjects[position] for position in np.argsort(rng.random(len(attempt.subjects)), kind="stable")
        ]
        orders.append([subject.id for subject in order])
        for place, subject in enumerate(order):
            folder = out / f"{attempt.number}-{number + 1}-{subject.slug}"
            orders_of = _orders(subject, spec, attempt, number, is_peak_finder=_finds_peak(subject, attempt))
            found[subject.id].append(_run(orders_of, folder, watch, spec))
            done = number * len(order) + place + 1
            events.progress(f"measure, round {number + 1}/{rounds}{again}", done, total, "models")
    return found, orders


def _finds_peak(subject: Subject, attempt: Attempt) -> bool:
    """The first subject of each precision on the engine measures the matrix-product peak."""
    alike = [s.id for s in attempt.subjects if (s.runtime, s.precision) == ("engine", subject.precision)]
    return alike[:1] == [subject.id]


def _orders(subject: Subject, spec: StageSpec, attempt: Attempt, number: int, is_peak_finder: bool) -> Orders:
    options, prepared = spec.options, spec.inputs["prepare"]
    return Orders(
        directory=str(subject.model.directory),
        runtime=subject.runtime,
        precision=subject.precision,
        device=spec.device,
        threads=spec.threads,
        engine=spec.engine,
        labels=spec.task.labels,
        metric=spec.task.metric,
        seed=spec.seed,
        tokens=str(prepared / splits.tokens_file("dev")),
        records=str(prepared / splits.records_file("dev")),
        dataset_pass=options["dataset_pass"] if subject.id in attempt.dataset_passes else None,
        cells=subject.cells,
        warmup=options["forward"]["warmup"],
        round=options["forward"]["round"],
        with_first_pass=number == 0,
        with_checks=number == 0 and attempt.number == 1,
        has_labels=subject.model.is_trained,
        find_peak=is_peak_finder and number == 0 and attempt.number == 1,
    )


def _run(orders: Orders, folder: Path, watch: Watch, spec: StageSpec) -> SubjectRound:
    """One process, or what an earlier attempt of the stage kept of it."""
    orders_path = folder / "orders.json"
    wanted = json.loads(json.dumps(asdict(orders)))
    if artifacts.read_json(orders_path) != wanted or not (folder / OBSERVED).is_file():
        artifacts.remove(folder)
        folder.mkdir(parents=True)
        orders.write(orders_path)
        watch.quiet()
        _start(orders_path, folder / LOG, watch, spec)
        artifacts.write_json(folder / OBSERVED, _observe(artifacts.read_json(folder / FACTS), watch))
    return _read(folder, orders)


def _start(orders: Path, log: Path, watch: Watch, spec: StageSpec) -> None:
    stop.check()
    command = [sys.executable, "-W", "ignore", "-m", "tinybert.measuring.round", "--orders", str(orders)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=os.environ | KEEP_FREED_MEMORY | {VARIABLE: spec.engine},
        )
        try:
            watch.follow(process.pid)
            while True:
                try:
                    status = process.wait(POLL_S)
                    break
                except subprocess.TimeoutExpired:
                    stop.check()
        finally:
            process.kill()
            process.wait()
    if status != 0:
        stop.check()  # a signal to the whole process group ends both
        raise InfrastructureError(_failure(status, log))


def _failure(status: int, log: Path) -> str:
    if status == -signal.SIGKILL:
        return "a measuring process was killed, most likely for want of memory: close other programs and run again"
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["no message"]
    return f"a measuring process ended with status {status}: {lines[-1][:300]} (all of it: {log})"


def _observe(facts: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """What the watch saw in the windows that the process names."""
    windows = {name: cell["window_ns"] for name, cell in facts.get("cells", {}).items()}
    if warm := _warm_passes(facts):
        windows["dataset pass"] = [warm[0]["window_ns"][0], warm[-1]["window_ns"][1]]
    peaks = [peak for window in windows.values() if (peak := watch.device_peak_bytes(*window)) is not None]
    return {
        "windows": {
            name: {"observed": asdict(watch.observed(*window)), "energy_j": watch.energy_j(*window)}
            for name, window in windows.items()
        },
        "device_peak_bytes": max(peaks, default=None),
    }


def _warm_passes(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [each for each in facts.get("dataset_passes", []) if not each["is_first"]]


def _read(folder: Path, orders: Orders) -> SubjectRound:
    facts, seen = artifacts.read_json(folder / FACTS), artifacts.read_json(folder / OBSERVED)
    if absent := facts.get("absent", ""):
        return SubjectRound(facts, absent=absent)
    timed = (artifacts.read_json(folder / BENCHMARK) or {"benchmarks": []})["benchmarks"]
    samples = {each["extra_info"]["cell"]: [1e3 * second for second in each["stats"]["data"]] for each in timed}
    cells = {}
    for cell in orders.cells:
        name = cell_id(*cell)
        fact, window = facts["cells"][name], seen["windows"][name]
        # Padded to one length, calls are alike whatever their rows say.
        is_mixed = cell[1] == REAL
        batches = [position % fact["batches"] for position in range(len(samples[name]))] if is_mixed else None
        timing = Round(samples[name], batches, _observed(window["observed"]), fact["warm"])
        cells[cell] = CellRound(timing, fact["first_call_ms"], fact["gflop_per_call"], window["energy_j"])
    dataset_pass = None
    if warm := _warm_passes(facts):
        seconds = [each["seconds"] for each in warm]
        dataset_pass = Round(seconds, None, _observed(seen["windows"]["dataset pass"]["observed"]))
    return SubjectRound(facts, cells, dataset_pass, seen["device_peak_bytes"])


def _observed(raw: Mapping[str, Any]) -> Observed:
    lists = {name: tuple(value) for name, value in raw.items() if isinstance(value, list)}
    return Observed(**{**raw, **lists})


def of_subjects(wanted: Sequence[Subject], cells: Mapping[str, Sequence[Cell]]) -> tuple[Subject, ...]:
    """The subjects that have cells in `cells`, with these alone."""
    return tuple(
        Subject(each.model, each.runtime, each.precision, tuple(cells[each.id])) for each in wanted if each.id in cells
    )
