"""Whether a timing may be shown: the checks that yield the reasons why not, and the judged timing.

A check compares what was found with `Limits` and says nothing unless a limit is broken. What could not be observed (None) is
not held against a timing: the stage says under `absent` what this machine does not tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tinybert.measuring.comparison import detectable_change
from tinybert.measuring.intervals import median_interval
from tinybert.measuring.limits import Limits
from tinybert.measuring.reasons import INVALID, UNSTABLE, VALID, Reason, merged
from tinybert.measuring.samples import round_medians
from tinybert.measuring.statistics import flag_outliers, quantile, trend, variation


@dataclass(frozen=True)
class Observed:
    """The machine during one round, watched from outside; None and empty: not to be had here, or nothing."""

    foreign_cores: float | None = None
    """Cores that processes not ours kept busy, on average."""
    foreign_name: str = ""
    """The busiest of them."""
    stolen_share: float | None = None
    busy_before_share: float | None = None
    clock_mhz_lowest: float | None = None
    clock_mhz_reference: float | None = None
    throttle_reasons: tuple[str, ...] = ()
    """Those that slow down: not an idle GPU, not clocks that somebody set."""
    cgroup_throttled_s: float = 0.0
    foreign_gpu_processes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Round:
    """One round of a cell: a time per call, the batch each call used (None: all alike), whether the warm-up settled."""

    samples: Sequence[float]
    batches: Sequence[int] | None = None
    observed: Observed = field(default_factory=Observed)
    warmed_up: bool = True


@dataclass(frozen=True)
class Facts:
    """What is known about a cell from outside its own samples; None: does not apply."""

    synchronized: bool
    """Was it proved that the clock waits for the device?"""
    differing_predictions: int | None = None
    gflop_per_s: float | None = None
    peak_gflop_per_s: float | None = None
    smaller_batch_median: float | None = None
    """Same model, runtime, precision and length at the next smaller batch size, in the unit of the samples."""


@dataclass(frozen=True)
class Timing:
    """A judged timing, in the unit of its samples. `attempts`: how often the cell was measured; the last attempt is what counts."""

    status: str
    reasons: tuple[Reason, ...]
    median: float
    interval: tuple[float, float]
    p90: float | None
    p99: float | None
    minimum: float
    variation: float | None
    calls: int
    rounds: int
    outliers: int
    round_medians: tuple[float, ...]
    attempts: int
    detectable_change: float | None

    def as_json(self) -> dict[str, Any]:
        return vars(self) | {
            "reasons": [{"code": reason.code, "detail": reason.detail} for reason in self.reasons],
            "interval": list(self.interval),
            "round_medians": list(self.round_medians),
        }


def judge(rounds: Sequence[Round], limits: Limits, facts: Facts, unit: str, attempts: int = 1) -> Timing:
    """The timing of a cell with every reason against showing it. Raises ValueError as the statistics do."""
    samples = [round_.samples for round_ in rounds]
    batches = [round_.batches for round_ in rounds if round_.batches is not None]
    if batches and len(batches) != len(rounds):
        raise ValueError("some rounds name their batches and some do not")
    estimate = median_interval(samples, batches or None)
    medians = round_medians(samples)
    outliers = sum(int(flags.sum()) for flags in flag_outliers(samples, batches or None))
    calls = sum(map(len, samples))
    found = [
        *(reason for number, round_ in enumerate(rounds, 1) for reason in _round_reasons(number, round_, limits)),
        *_fact_reasons(facts, limits, estimate.value, unit),
        *_spread_reasons(medians, limits, unit),
        *_outlier_reasons(outliers, calls, limits),
    ]
    if len(rounds) < limits.rounds:
        found.append(Reason("too-few-calls", f"{len(rounds)} rounds of {limits.rounds}"))
    reasons = merged(found)
    return Timing(
        status=INVALID if any(reason.kind.status == INVALID for reason in reasons) else UNSTABLE if reasons else VALID,
        reasons=reasons,
        median=estimate.value,
        interval=(estimate.low, estimate.high),
        p90=quantile(samples, 0.9),
        p99=quantile(samples, 0.99),
        minimum=float(min(map(min, samples))),
        variation=variation(medians),
        calls=calls,
        rounds=len(rounds),
        outliers=outliers,
        round_medians=tuple(medians),
        attempts=attempts,
        detectable_change=detectable_change(medians),
    )


def needs_retry(timing: Timing) -> bool:
    """Whether to measure once more: not valid, for transient reasons alone, at the first attempt."""
    return timing.status != VALID and timing.attempts == 1 and all(reason.kind.transient for reason in timing.reasons)


def _round_reasons(number: int, round_: Round, limits: Limits) -> Iterator[Reason]:
    observed, where = round_.observed, f"round {number}"
    if _above(observed.foreign_cores, limits.foreign_cores):
        name = observed.foreign_name or "other processes"
        yield Reason("foreign-process", f"{where}: {name} kept {observed.foreign_cores:.2f} cores busy")
    if observed.foreign_gpu_processes:
        yield Reason("foreign-process", f"{where}: {', '.join(observed.foreign_gpu_processes)} on the GPU")
    if slowed := ", ".join(_throttling(observed, limits)):
        yield Reason("throttled", f"{where}: {slowed}")
    if len(round_.samples) < limits.min_calls:
        yield Reason("too-few-calls", f"{where}: {len(round_.samples)} calls of {limits.min_calls}")
    if _above(observed.busy_before_share, limits.busy_before_share):
        yield Reason("load", f"{where}: {observed.busy_before_share:.0%} of the cores' time used before it began")
    if _above(observed.stolen_share, limits.stolen_share):
        yield Reason("load", f"{where}: {observed.stolen_share:.1%} of the cores' time taken by the hypervisor")
    if not round_.warmed_up:
        yield Reason("not-warm", f"{where}: the last blocks of the warm-up still differed")


def _throttling(observed: Observed, limits: Limits) -> Iterator[str]:
    yield from observed.throttle_reasons
    if observed.cgroup_throttled_s > 0:
        yield f"stopped for {observed.cgroup_throttled_s:.2f} s by its CPU quota"
    lowest, reference = observed.clock_mhz_lowest, observed.clock_mhz_reference
    if lowest is not None and reference is not None and lowest < limits.clock_share * reference:
        yield f"clock at {lowest:.0f} MHz, below {limits.clock_share:.0%} of {reference:.0f} MHz"


def _fact_reasons(facts: Facts, limits: Limits, median: float, unit: str) -> Iterator[Reason]:
    if not facts.synchronized:
        yield Reason("synchronization", "after it, fetching a result still waited for the work")
    if facts.differing_predictions:
        yield Reason("predictions-differ", f"{facts.differing_predictions} of them")
    if facts.gflop_per_s is not None and facts.peak_gflop_per_s is not None:
        share = facts.gflop_per_s / facts.peak_gflop_per_s
        if share > limits.peak_share:
            speed = f"{facts.gflop_per_s:.3g} GFLOP/s, {share:.2f} times the peak of {facts.peak_gflop_per_s:.3g}"
            yield Reason("impossible-flops", speed)
    smaller = facts.smaller_batch_median
    if smaller is not None and median <= limits.growth * smaller:
        yield Reason("not-growing-with-batch", f"{median:.4g} {unit}, a smaller batch {smaller:.4g} {unit}")


def _spread_reasons(medians: Sequence[float], limits: Limits, unit: str) -> Iterator[Reason]:
    whole = trend(medians)
    if whole.steady and abs(whole.change) > limits.drift:
        way = "grow" if whole.change > 0 else "fall"
        yield Reason("drift", f"round medians {way} from {medians[0]:.4g} to {medians[-1]:.4g} {unit}")
    varies = variation(medians)
    if _above(varies, limits.variation):
        detail = f"round medians from {min(medians):.4g} to {max(medians):.4g} {unit} vary by {varies:.1%}"
        yield Reason("rounds-disagree", f"{detail}, more than {limits.variation:.0%}")


def _outlier_reasons(outliers: int, calls: int, limits: Limits) -> Iterator[Reason]:
    # A single call moves no median, and one of nine would be more than any share.
    if outliers > max(1, limits.outlier_share * calls):
        yield Reason("outliers", f"{outliers} of {calls} calls")


def _above(value: float | None, limit: float) -> bool:
    return value is not None and value > limit
