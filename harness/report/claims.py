"""The published claims, `reports/claims/*.yaml`: what was printed, how, under which conditions, and what counts as the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from harness.errors import UsageError
from harness.paths import REPORTS
from harness.report.claims_file import GIVEN, ROLES, conditions, problems
from harness.report.metric import METRICS, Metric
from harness.yaml_file import load_yaml

CLAIMS = REPORTS / "claims"

Quantity = Literal["score", "parameters", "parameter_ratio", "dataset_pass_s", "speedup", "forward_speedup"]
# The stage that tells what a claim's quantity is here.
TOLD_BY = dict.fromkeys(ROLES, "measure") | {"score": "evaluate"}


@dataclass(frozen=True)
class Tolerance:
    """When a measurement agrees with the published value.

    `dev-set`: a score within half of a 95 % interval (docs/report.md); `exact`: equal; `printed`: equal once printed as the
    published value was; `relative`: within `fraction` of it.
    """

    kind: Literal["dev-set", "exact", "printed", "relative"]
    reason: str
    fraction: float = 0.0


@dataclass(frozen=True)
class Source:
    """`name` is short, for the lines of a table."""

    name: str
    title: str
    url: str
    conditions: str


@dataclass(frozen=True)
class Claim:
    """One published number about one task.

    `metric` and `dev_set` (None: the task's first) are a score's. `variant` tells models of one source apart. `conditions` holds
    the published conditions that the number needs; `counted` the parameter parts by role.
    """

    id: str
    quantity: Quantity
    role: Literal["teacher", "student", "both"]
    metric: Metric | None
    dev_set: str | None
    variant: str
    value: float
    printed: str
    printing: Literal["rounded", "truncated"]
    conditions: Mapping[str, Any]
    counted: Mapping[str, tuple[str, ...]]
    tolerance: Tolerance
    note: str
    source: Source

    @property
    def stage(self) -> str:
        return TOLD_BY[self.quantity]


ACCURACY = Tolerance(
    "dev-set",
    "An accuracy, or the mean of several seeds, agrees within the half-width of the 95 % interval that the dev rows put around the "
    "published one. Both were taken on the same rows, so two runs that err on half of the same rows differ by no more than that in 95 "
    "of 100 cases; the published run is one run of unknown spread.",
)
OTHER_SCORES = Tolerance(
    "dev-set",
    "The score, or the mean of several seeds, agrees within half the width of its own 95 % bootstrap interval over the dev rows. The "
    "published one was taken on the same rows; which of them it got wrong, from which its own interval would follow, is not known.",
)


@lru_cache
def load_claims(task: str, folder: Path = CLAIMS) -> tuple[Claim, ...]:
    """The claims published about a task, in the order of the files, read once a process.

    Raises UsageError naming every fault of every file.
    """
    claims: list[Claim] = []
    faults: list[str] = []
    for path in sorted(folder.glob("*.yaml")):
        file = load_yaml(path)
        found = problems(file)
        faults += found
        if not found:
            claims += [*_scores(file.value, task), *_amounts(file.value, task)]
    names = [claim.id for claim in claims]
    faults += [
        f"{folder}: the claim {name!r} is given twice" for name in sorted({n for n in names if names.count(n) > 1})
    ]
    if faults:
        raise UsageError("\n".join(faults))
    return tuple(claims)


def _scores(file: Mapping[str, Any], task: str) -> Iterator[Claim]:
    """Named `TASK-ID-METRIC`, with the dev set after it where one is named."""
    for block in file.get("scores", ()):
        for value in block["values"]:
            if value["task"] != task:
                continue
            metric, dev_set = METRICS[value["metric"]], value.get("dev_set")
            name = "-".join(part for part in (task, block["id"], metric.name, dev_set) if part)
            yield Claim(
                id=name.lower(),
                quantity="score",
                role=block["role"],
                metric=metric,
                dev_set=dev_set,
                variant=block.get("variant", ""),
                value=round(float(value["printed"]) / 100, 6),
                printed=f"{value['printed']} %" if metric.is_share else value["printed"],
                printing="rounded",
                conditions=_needed(file, block, task),
                counted={},
                tolerance=ACCURACY if metric.name == "accuracy" else OTHER_SCORES,
                note=" ".join(each["note"] for each in (block, value) if "note" in each),
                source=Source(**file["source"]),
            )


def _amounts(file: Mapping[str, Any], task: str) -> Iterator[Claim]:
    for amount in file.get("amounts", ()):
        if task in amount["tasks"]:
            yield Claim(
                id=amount["id"],
                quantity=amount["quantity"],
                role=amount["role"],
                metric=None,
                dev_set=None,
                variant=amount.get("variant", ""),
                value=amount["value"],
                printed=amount["printed"],
                printing=amount["printing"],
                conditions=_needed(file, amount, task),
                counted={role: tuple(parts) for role, parts in amount.get("counted", {}).items()},
                tolerance=Tolerance(**amount["tolerance"]),
                note=amount.get("note", ""),
                source=Source(**file["source"]),
            )


def _needed(file: Mapping[str, Any], claim: Mapping[str, Any], task: str) -> dict[str, Any]:
    """The published conditions that a claim names; that of the data is the task itself."""
    known = conditions(file, claim) | {GIVEN: task}
    return {name: known[name] for name in claim["needs"]}
