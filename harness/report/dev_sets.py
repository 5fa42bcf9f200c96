"""What the stage `evaluate` found on each dev set, read into named facts. What it could not tell is None."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from harness.report import statistics
from harness.report.statistics import Interval

Json = Mapping[str, Any]
Who = Literal["teacher", "student", "change"]
MODELS: tuple[Literal["teacher", "student"], ...] = ("teacher", "student")


@dataclass(frozen=True)
class Score:
    """A metric's value and its 95 % interval. `value` is None where the metric is undefined."""

    value: float | None
    interval: Interval | None


@dataclass(frozen=True)
class Counts:
    """Rows by who got them right."""

    rows: int
    teacher: int
    student: int
    both: int
    only_teacher: int
    only_student: int
    neither: int

    @property
    def p(self) -> float:
        """McNemar's exact test on the rows that one model alone gets right."""
        return statistics.mcnemar(self.only_teacher, self.only_student)


@dataclass(frozen=True)
class Bin:
    """Rows whose top probability lies between `low` and `high`; without rows, the means are None."""

    low: float
    high: float
    rows: int
    confidence: float | None
    accuracy: float | None


@dataclass(frozen=True)
class Calibration:
    ece: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class Part:
    """Some of the rows, and a score of both models on them alone."""

    name: str
    rows: int
    teacher: float | None
    student: float | None


@dataclass(frozen=True)
class DevSet:
    """`confusion` holds counts `[label][prediction]` by model; `by_label` recalls; `agreement` the share of equal predictions.

    A regression has neither counts nor confusion, agreement, calibration or labels. `wrong`: {row, text, label, teacher, student}.
    """

    name: str
    rows: int
    scores: Mapping[Who, Mapping[str, Score]]
    counts: Counts | None
    confusion: Mapping[str, Sequence[Sequence[int]]] | None
    agreement: float | None
    calibration: Mapping[str, Calibration] | None
    by_length: tuple[Part, ...]
    by_label: tuple[Part, ...]
    wrong: tuple[Json, ...]

    def score(self, who: Who, metric: str) -> Score:
        """Without a value where the stage gave none."""
        return self.scores[who].get(metric, Score(None, None))

    def compared(self, metric: str) -> tuple[Score, Score, Score]:
        """Teacher, student, and the change from the one to the other."""
        return self.score("teacher", metric), self.score("student", metric), self.score("change", metric)


def dev_set(value: Json) -> DevSet:
    """From an entry of `details.dev_sets` (docs/contract.md)."""
    counts = value["counts"] and Counts(**value["counts"])
    calibration = value["calibration"]
    return DevSet(
        name=value["name"],
        rows=value["rows"],
        scores=_scores(value["scores"], counts),
        counts=counts,
        confusion=value["confusion"],
        agreement=value["agreement"],
        calibration=calibration and {model: _calibration(calibration[model]) for model in MODELS},
        by_length=tuple(_part(f"{each['low']:g} to {each['high']:g}", each) for each in value["by_length"]),
        by_label=tuple(_part(str(each["label"]), each) for each in value["by_label"] or ()),
        wrong=tuple(value["wrong"]),
    )


def _scores(value: Json, counts: Counts | None) -> dict[Who, dict[str, Score]]:
    """As the stage gives them, with its bootstrap intervals; an accuracy's are computed from the counts instead.

    Wilson's interval and that of Agresti and Min keep their level where few rows are wrong or few differ; a bootstrap's closes.
    """
    who: tuple[Who, ...] = (*MODELS, "change")
    found = {each: {name: _score(score) for name, score in value[each].items()} for each in who}
    if counts and "accuracy" in found["change"]:
        for model, right in zip(MODELS, (counts.teacher, counts.student), strict=True):
            found[model]["accuracy"] = Score(right / counts.rows, statistics.wilson(right, counts.rows))
        found["change"]["accuracy"] = Score(
            (counts.student - counts.teacher) / counts.rows,
            statistics.paired_difference(counts.only_teacher, counts.only_student, counts.rows),
        )
    return found


def _score(value: Json) -> Score:
    interval = value["interval"]
    return Score(value["value"], None if interval is None or None in interval else Interval(*interval))


def _calibration(value: Json) -> Calibration:
    return Calibration(value["ece"], tuple(Bin(**each) for each in value["bins"]))


def _part(name: str, value: Json) -> Part:
    return Part(name, value["rows"], value["teacher"], value["student"])
