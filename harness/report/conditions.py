"""The conditions of a published number: does each hold for a cell, and if not, why, in words."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from harness.report import figures
from harness.report.facts import Cell, data_name

Record = Mapping[str, Any]

METHOD = "TinyBERT"
"""How every student here is made, as claims call it. A published student of another method is another thing, not a condition unmet."""
ABOUT = ("method", "student")
"""Conditions that say what a claim is about: where one of them differs, the claim is not about this run at all."""


@dataclass(frozen=True)
class Case:
    """A cell and the record around it."""

    cell: Cell
    record: Record


@dataclass(frozen=True)
class Condition:
    """What a condition is called, what holds here (None: unknown), which stage tells, and how to show it beside the other."""

    label: str
    actual: Callable[[Case], Any]
    stage: str = ""
    show: Callable[[Any, Any], str] = lambda value, _other: str(value)
    holds: Callable[[Any, Any], bool] = operator.eq


def _shape(shape: Mapping[str, int], other: Mapping[str, int]) -> str:
    """A shape in words, without what it shares with the other; whole where the two are the same."""
    return figures.shape({name: size for name, size in shape.items() if size != other.get(name)} or shape)


def _is_part_of(published: str, actual: str) -> bool:
    return published in actual


def _split(split: str, _other: str) -> str:
    return "test, whose labels are not public" if split == "test" else split


def _augmentation(augmented: bool, _other: bool) -> str:
    return "augmented" if augmented else "not augmented"


def _protocol(name: str) -> Callable[[Case], Any]:
    return lambda case: case.cell.details("measure").get("protocol", {}).get(name)


_CONDITIONS = {
    "data": Condition("the data are", lambda case: data_name(case.record)),
    "profile": Condition("the profile is", lambda case: case.record["profile"]),
    # The test splits have no public labels: what GLUE's server says of a submission is no part of a run.
    "split": Condition("the scores are of the split", lambda _case: "dev", show=_split),
    "method": Condition("the student was made by", lambda _case: METHOD),
    # A hub name (google-bert/bert-base-uncased) and a folder end in the model's name.
    "weights": Condition("the teacher starts from", lambda case: PurePosixPath(case.record["weights"]["name"]).name),
    "teacher": Condition(
        "the teacher has", lambda case: case.cell.teacher and case.cell.teacher.shape, "measure", _shape
    ),
    "student": Condition("the student has", lambda case: case.cell.student_shape, "measure", _shape),
    "start": Condition("the student's start is", lambda case: case.cell.details("distill").get("start"), "distill"),
    "augmentation": Condition("the training data are", lambda case: case.cell.is_augmented, show=_augmentation),
    "engine": Condition("the engine is", lambda case: case.cell.engine),
    # Drivers put the maker and the series before the published name: NVIDIA GeForce RTX 2080 Ti.
    "device_name": Condition(
        "the device is", lambda case: case.cell.environment("measure").get("device_name"), "measure", holds=_is_part_of
    ),
    "batch_size": Condition("the batch of the dataset pass is", _protocol("batch_size"), "measure"),
    "padded_length": Condition("the padded length of the dataset pass is", _protocol("padded_length"), "measure"),
}


def fails(name: str, published: Any, case: Case) -> str:
    """Why a published condition does not hold here, in words; empty where it does."""
    condition = _CONDITIONS[name]
    actual = condition.actual(case)
    if actual is None:
        why = absence(case.cell, condition.stage)
        return f"{condition.label} unknown, {why} (published: {condition.show(published, published)})"
    if condition.holds(published, actual):
        return ""
    return f"{condition.label} {condition.show(actual, published)} (published: {condition.show(published, actual)})"


def is_about(conditions: Mapping[str, Any], case: Case) -> bool:
    """Whether a number with these published conditions is about what the cell made; what is not known here speaks for it."""
    return all(_CONDITIONS[name].actual(case) in (None, conditions[name]) for name in ABOUT if name in conditions)


def absence(cell: Cell, stage: str) -> str:
    """Why a cell does not tell what a stage would have told."""
    return f"the stage {stage} has no result" if cell.result(stage) is None else f"the stage {stage} did not report it"
