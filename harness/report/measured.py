"""What the stage `measure` found in one cell, read into named facts. Units stand in the names; what it could not tell is None."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from harness.report.statistics import Interval

ENGINE, FLOAT32 = "engine", "float32"
"""The runtime and the precision whose times stand for a model: this project's own path, unreduced."""


@dataclass(frozen=True)
class Reason:
    code: str
    detail: str


@dataclass(frozen=True)
class Timing:
    """A judged timing, in the unit of what holds it. Its numbers are a result only where it is valid.

    `detectable_change`: the least relative slow-down that these rounds would show with 80 % power.
    """

    status: Literal["valid", "unstable", "invalid"]
    reasons: tuple[Reason, ...]
    median: float | None
    interval: Interval | None
    p90: float | None
    p99: float | None
    minimum: float | None
    variation: float | None
    calls: int
    rounds: int
    outliers: int
    round_medians: tuple[float, ...]
    attempts: int
    detectable_change: float | None

    @property
    def valid(self) -> bool:
        return self.status == "valid" and self.median is not None


@dataclass(frozen=True)
class Ratio:
    ratio: float
    interval: Interval | None


@dataclass(frozen=True)
class Model:
    """`parameters` by part (docs/contract.md); times in seconds, `load_s` and `first_pass_s` one per fresh process."""

    name: str
    role: Literal["teacher", "student", "other"]
    parameters: Mapping[str, int]
    shape: Mapping[str, int]
    disk_bytes: int | None
    load_s: tuple[float, ...]
    first_pass_s: tuple[float, ...]
    dataset_pass_s: tuple[float, ...]
    dataset_pass: Timing | None

    @property
    def first_pass_median_s(self) -> float | None:
        """Among fresh processes; None unless the dataset pass is valid, because the same processes took both."""
        valid = self.dataset_pass is not None and self.dataset_pass.valid
        return statistics.median(self.first_pass_s) if valid and self.first_pass_s else None

    @property
    def training_parameters(self) -> int:
        return sum(self.parameters.get(part, 0) for part in ("encoder", "head", "projection"))


@dataclass(frozen=True)
class Workload:
    """What a forward time or a ratio is about. `length` is a padded length, or `real` for bucketed real ones."""

    model: str
    runtime: str
    precision: str
    batch_size: int
    length: int | str

    @property
    def inputs(self) -> str:
        return f"batch {self.batch_size}, {'real lengths' if self.length == 'real' else f'padded to {self.length}'}"

    @property
    def headline(self) -> bool:
        """Whether a time of it may stand for its model in the result table."""
        return (self.runtime, self.precision) == (ENGINE, FLOAT32) and isinstance(self.length, int)


@dataclass(frozen=True)
class Forward:
    workload: Workload
    timing: Timing
    first_call_ms: tuple[float, ...]
    rows_per_s: float | None
    gflop_per_s: float | None
    share_of_peak: float | None
    energy_j_per_row: float | None


@dataclass(frozen=True)
class Comparison:
    """`ratio`: `against`'s time over the workload's; for a peer, the peer's time over the engine's. None: one of the two is not valid."""

    workload: Workload
    against: str
    ratio: Ratio | None


@dataclass(frozen=True)
class Subject:
    """One model in one precision on one runtime.

    `score` is of the task's first metric; `agreement` the share of the checked rows predicted as in float32.
    """

    model: str
    runtime: str
    precision: str
    load_s: tuple[float, ...]
    host_peak_bytes: int | None
    host_before_bytes: int | None
    device_peak_bytes: int | None
    score: float | None
    agreement: float | None


@dataclass(frozen=True)
class Measured:
    """The whole. `absent` maps what was not measured to why; `peaks` a precision to {gflop_per_s, how}."""

    protocol: Mapping[str, Any]
    models: tuple[Model, ...]
    dataset_pass_speedup: Ratio | None
    forward: tuple[Forward, ...]
    absent: tuple[tuple[str, str], ...]
    speedups: tuple[Comparison, ...]
    peers: tuple[Comparison, ...]
    subjects: tuple[Subject, ...]
    peaks: Mapping[str, Mapping[str, Any]]
    readings: Mapping[str, Any]

    @property
    def headline(self) -> Workload | None:
        """The forward workload of the result table: this engine, float32, padded, the largest batch at its greatest length."""
        found = [each.workload for each in self.forward if each.workload.headline]
        return max(found, key=lambda workload: (workload.batch_size, workload.length), default=None)

    def role(self, role: str) -> Model | None:
        return next((model for model in self.models if model.role == role), None)

    @property
    def others(self) -> tuple[Model, ...]:
        return tuple(model for model in self.models if model.role == "other")

    def time(self, workload: Workload) -> Forward | None:
        return next((each for each in self.forward if each.workload == workload), None)

    def speedup(self, workload: Workload, against: str) -> Ratio | None:
        return next(
            (each.ratio for each in self.speedups if (each.workload, each.against) == (workload, against)), None
        )

    def subject(self, workload: Workload) -> Subject | None:
        wanted = (workload.model, workload.runtime, workload.precision)
        return next((each for each in self.subjects if (each.model, each.runtime, each.precision) == wanted), None)

    def why_absent(self, what: str) -> str:
        return next((why for name, why in self.absent if name == what), "the stage did not report it")
