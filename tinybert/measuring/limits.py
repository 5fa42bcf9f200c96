"""What a valid timing keeps to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What a valid timing keeps to. Limits without a source are this project's own judgement."""

    min_calls: int
    """Calls of every round (100: optimum-benchmark times 10, pytest-benchmark 5; p90 needs 64)."""
    rounds: int
    variation: float
    """Of the round medians. tritonbench aims at 2 % on GPUs; 5 % on CPUs, where a neighbour costs more."""
    growth: float
    """The least that time grows from a smaller batch to a larger one, as a ratio."""
    outlier_share: float = 0.05
    """hyperfine flags with the same score but sets no limit."""
    foreign_cores: float = 0.1
    """Threads wait for the slowest of them, so a tenth of one core costs up to a tenth of the time."""
    stolen_share: float = 0.02
    """Of the cores' time, taken by the hypervisor."""
    busy_before_share: float = 0.25
    """Of the cores' time, before our process began: half a core of two."""
    clock_share: float = 0.75
    """Of the reference clock: nvbench's throttle threshold, 75 % of the default clock."""
    peak_share: float = 1.1
    """Of the measured peak. It is one product's speed and has its own error; a clock that did not wait is off by far more."""

    @property
    def drift(self) -> float:
        """Of the median, from first round to last: 1.5 variations.

        With three rounds of noise alone at half the limit of variation, a steady change as large appears in 2.9 % of
        measurements (1.0 % with four rounds, 0.3 % with five; simulated), and then in 2.9 % of the retries.
        """
        return 1.5 * self.variation


def limits_for(device: str, rounds: int, min_calls: int) -> Limits:
    """The limits on `cpu` or `cuda`.

    On a GPU a small batch may be bound by the host, which starts the kernels, and take as long as a larger one: there the larger
    one must only not be faster beyond the variation.
    """
    if device == "cpu":
        return Limits(min_calls, rounds, variation=0.05, growth=1.0)
    return Limits(min_calls, rounds, variation=0.02, growth=0.98)
