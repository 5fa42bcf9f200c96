"""From the rounds to what the stage reports: every cell judged, speed-ups and peers as ratios of judged cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tinybert.measuring.intervals import ratio_interval
from tinybert.measuring.limits import Limits
from tinybert.measuring.reasons import VALID
from tinybert.measuring.rounds import SubjectRound
from tinybert.measuring.subjects import Cell, Subject
from tinybert.measuring.validity import Facts, Round, Timing, judge

CellKey = tuple[str, Cell]
"""(subject id, cell)."""


@dataclass(frozen=True)
class Judged:
    """A cell with its rounds and what they are worth; times in ms."""

    subject: Subject
    cell: Cell
    rounds: tuple[Round, ...]
    timing: Timing
    first_call_ms: tuple[float, ...]
    gflop_per_call: float
    energy_j: tuple[float | None, ...]

    @property
    def seconds_per_call(self) -> float:
        return _mean_s(self.rounds)

    def as_json(self, peak_gflop_per_s: float | None) -> dict[str, Any]:
        speed = self.gflop_per_call / self.seconds_per_call
        joules = [each for each in self.energy_j if each is not None]
        rows = self.cell[0] * self.timing.calls
        return {
            "model": self.subject.model.name,
            "runtime": self.subject.runtime,
            "precision": self.subject.precision,
            "batch_size": self.cell[0],
            "length": self.cell[1],
            "timing": self.timing.as_json(),
            "first_call_ms": list(self.first_call_ms),
            "rows_per_s": self.cell[0] / self.seconds_per_call,
            "gflop_per_call": self.gflop_per_call,
            "gflop_per_s": speed,
            "share_of_peak": speed / peak_gflop_per_s if peak_gflop_per_s else None,
            "energy_j_per_row": sum(joules) / rows if len(joules) == len(self.rounds) else None,
        }


def judge_cells(
    subjects: Sequence[Subject],
    found: Mapping[str, Sequence[SubjectRound]],
    first: Mapping[str, SubjectRound],
    limits: Limits,
    attempts: int,
    known: Mapping[CellKey, Judged],
) -> dict[CellKey, Judged]:
    """Smaller batches before larger ones, which are held against them; `known`: cells judged before.

    `first`: each subject's first process, which made the checks.
    """
    synchronized = is_synchronized(first)
    peaks = {name: peak["gflop_per_s"] for name, peak in matrix_peaks(first).items()}
    judged: dict[CellKey, Judged] = {}
    for subject in subjects:
        processes = found[subject.id]
        if any(each.absent for each in processes):
            continue
        for cell in sorted(subject.cells, key=lambda cell: cell[0]):
            parts = [each.cells[cell] for each in processes]
            rounds = tuple(part.round for part in parts)
            smaller = [
                other
                for (name, place), other in {**known, **judged}.items()
                if name == subject.id and place[1] == cell[1] and place[0] < cell[0]
            ]
            facts = Facts(
                synchronized,
                differing_predictions=first[subject.id].facts["predictions"]["different"],
                gflop_per_s=parts[0].gflop_per_call / _mean_s(rounds),
                peak_gflop_per_s=peaks.get(subject.precision),
                smaller_batch_median=max(smaller, key=lambda other: other.cell[0]).timing.median if smaller else None,
            )
            judged[subject.id, cell] = Judged(
                subject,
                cell,
                rounds,
                timing=judge(rounds, limits, facts, "ms", attempts),
                first_call_ms=tuple(part.first_call_ms for part in parts),
                gflop_per_call=parts[0].gflop_per_call,
                energy_j=tuple(part.energy_j for part in parts),
            )
    return judged


def judge_dataset_passes(
    found: Mapping[str, Sequence[SubjectRound]], first: Mapping[str, SubjectRound], limits: Limits, attempts: int
) -> dict[str, tuple[tuple[Round, ...], Timing]]:
    """By subject id: rounds in seconds and what they are worth. Every pass must have predicted the same labels."""
    judged = {}
    for name, processes in found.items():
        rounds = tuple(each.dataset_pass for each in processes if each.dataset_pass is not None)
        if rounds:
            hashes = {one["predictions_sha256"] for each in processes for one in each.facts["dataset_passes"]}
            facts = Facts(is_synchronized(first), differing_predictions=len(hashes) - 1)
            judged[name] = rounds, judge(rounds, limits, facts, "s", attempts)
    return judged


def is_synchronized(first: Mapping[str, SubjectRound]) -> bool:
    return all(each.facts["synchronization"]["proved"] for each in first.values() if not each.absent)


def matrix_peaks(first: Mapping[str, SubjectRound]) -> dict[str, dict[str, Any]]:
    """By precision, of the subjects that measured it."""
    return {name.rpartition(" ")[2]: each.facts["peak"] for name, each in first.items() if "peak" in each.facts}


def ratio(
    slower: Sequence[Round], slower_timing: Timing, faster: Sequence[Round], timing: Timing
) -> dict[str, Any] | None:
    """Time of the first against the second's, where both are valid."""
    if slower_timing.status != VALID or timing.status != VALID:
        return None
    estimate = ratio_interval(_samples(slower), _samples(faster), _batches(slower), _batches(faster))
    return {"ratio": estimate.value, "interval": [estimate.low, estimate.high]}


def speedups(judged: Mapping[CellKey, Judged]) -> list[dict[str, Any]]:
    """Every model against the teacher, on the same runtime in the same precision, batch and length."""
    teachers = [each for each in judged.values() if each.subject.model.role == "teacher"]
    pairs = [
        (teacher, each)
        for each in judged.values()
        for teacher in teachers
        if each.subject.model.name != teacher.subject.model.name and _condition(each) == _condition(teacher)
    ]
    return [
        _place(each) | {"against": teacher.subject.model.name, "ratio": found}
        for teacher, each in pairs
        if (found := ratio(teacher.rounds, teacher.timing, each.rounds, each.timing))
    ]


def peers(judged: Mapping[CellKey, Judged]) -> list[dict[str, Any]]:
    """Every peer against the engine on the same model in the same precision, batch and length: above 1 the engine is faster."""
    found = []
    for each in judged.values():
        own = judged.get((f"{each.subject.model.name} engine {each.subject.precision}", each.cell))
        if each.subject.runtime != "engine" and own:
            compared = ratio(each.rounds, each.timing, own.rounds, own.timing)
            found += [_place(each) | {"ratio": compared}] if compared else []
    return found


def _mean_s(rounds: Sequence[Round]) -> float:
    """Seconds a call, the mean: at real lengths calls differ, and all of them together are one pass over the rows."""
    return sum(sum(each.samples) for each in rounds) / sum(len(each.samples) for each in rounds) / 1e3


def _condition(each: Judged) -> tuple[Any, ...]:
    return each.subject.runtime, each.subject.precision, each.cell


def _place(each: Judged) -> dict[str, Any]:
    return {
        "model": each.subject.model.name,
        "runtime": each.subject.runtime,
        "precision": each.subject.precision,
        "batch_size": each.cell[0],
        "length": each.cell[1],
    }


def _samples(rounds: Sequence[Round]) -> list[Sequence[float]]:
    return [each.samples for each in rounds]


def _batches(rounds: Sequence[Round]) -> list[Sequence[int]] | None:
    return [each.batches for each in rounds if each.batches is not None] or None
