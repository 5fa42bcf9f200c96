"""Looks at the machine, one after another, and what they say about the stretch between the first and the last of them."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from tinybert.measuring.cpu_readings import CpuReading
from tinybert.measuring.gpu_readings import GpuReading

NAMED_SHARE = 0.1
"""A foreign process is named if it used this share of the foreign time: others may be out of sight (own choice)."""


@dataclass(frozen=True)
class Look:
    """`at_ns` by `time.monotonic_ns()`; `energy_j` a counter of the device's energy.

    `gpu_foreign`: the GPU's compute processes that are not ours; None where NVML lists none of ours. Then ours has no context on the
    device, or NVML numbers processes otherwise than /proc here (a container), and nothing can be said about the others.
    """

    at_ns: int
    cpu: CpuReading
    gpu: GpuReading | None = None
    gpu_foreign: tuple[str, ...] | None = None
    energy_j: float | None = None


class Stretch:
    """Averages and growths over looks in the order of time, one at least. With a single look there are none."""

    def __init__(self, looks: list[Look]) -> None:
        self._looks = looks
        self._first, self._last = looks[0], looks[-1]
        self.seconds = (self._last.at_ns - self._first.at_ns) / 1e9

    @property
    def foreign_cores(self) -> float | None:
        """Cores that were busy, on average, with anything but our processes."""
        before, after = self._first.cpu, self._last.cpu
        if not before.times or not after.times or not self.seconds:
            return None
        foreign_s = after.times.busy_s - before.times.busy_s - (after.ours_s - before.ours_s)
        return max(0.0, foreign_s / self.seconds)  # the kernel's two accounts differ by a few ticks either way

    @property
    def foreign_name(self) -> str:
        """The foreign process that used most, by /proc; empty where it shows none that could explain the load."""
        used_s: dict[tuple[int, str], float] = defaultdict(float)
        for look in self._looks[1:]:
            for process, seconds in look.cpu.foreign_s.items():
                used_s[process] += seconds
        busiest = max(used_s, key=lambda process: used_s[process], default=None)
        foreign_s = (self.foreign_cores or 0.0) * self.seconds
        return busiest[1] if busiest and used_s[busiest] >= NAMED_SHARE * foreign_s else ""

    @property
    def stolen_share(self) -> float | None:
        """Of the time of all cores, what the hypervisor gave to others."""
        return self._share_of_cores("stolen_s")

    @property
    def busy_share(self) -> float | None:
        """Of the time of all cores, what anybody worked."""
        return self._share_of_cores("busy_s")

    @property
    def throttles(self) -> tuple[str, ...]:
        """The kernel's thermal throttle counters that grew, in words."""
        before = self._first.cpu.throttles
        return tuple(what for what, count in self._last.cpu.throttles.items() if count > before.get(what, count))

    @property
    def cgroup_throttled_s(self) -> float:
        before, after = self._first.cpu.cgroup_throttled_s, self._last.cpu.cgroup_throttled_s
        return 0.0 if before is None or after is None else after - before

    @property
    def swapped_in_pages(self) -> int | None:
        before, after = self._first.cpu.swapped_in_pages, self._last.cpu.swapped_in_pages
        return None if before is None or after is None else after - before

    @property
    def power_w(self) -> float | None:
        """Average power by the energy counter."""
        before, after = self._first.energy_j, self._last.energy_j
        return None if before is None or after is None or not self.seconds else (after - before) / self.seconds

    def _share_of_cores(self, name: str) -> float | None:
        before, after = self._first.cpu.times, self._last.cpu.times
        if not before or not after or after.total_s <= before.total_s:
            return None
        share: float = (getattr(after, name) - getattr(before, name)) / (after.total_s - before.total_s)
        return share


def inside(looks: list[Look], begin_ns: int, end_ns: int) -> list[Look]:
    """The looks of a window that lie between its ends; all of it where the window is too short for one."""
    return [look for look in looks if begin_ns <= look.at_ns <= end_ns] or looks


def stretches(looks: list[Look], least_s: float) -> Iterator[Stretch]:
    """The looks cut into stretches of at least `least_s` each, every one beginning with the last look of the one before."""
    first = 0
    for number, look in enumerate(looks):
        if look.at_ns - looks[first].at_ns >= least_s * 1e9:
            yield Stretch(looks[first : number + 1])
            first = number


def energy_at(looks: list[Look], at_ns: int) -> float | None:
    """The energy counter at a moment, in joules, in a straight line between the looks on both sides; None where one is missing."""
    for before, after in pairwise(looks):
        if before.at_ns <= at_ns <= after.at_ns:
            if before.energy_j is None or after.energy_j is None:
                return None
            share = (at_ns - before.at_ns) / (after.at_ns - before.at_ns)
            return before.energy_j + share * (after.energy_j - before.energy_j)
    return None


def spread(values: Iterable[float | None]) -> list[float] | None:
    """Least, median and most of the values that are there; None without any."""
    known = [value for value in values if value is not None]
    return [min(known), statistics.median(known), max(known)] if known else None
