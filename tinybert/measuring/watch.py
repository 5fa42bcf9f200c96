"""Watch the machine from outside while another process is timed: a thread of the idle orchestrator looks ten times a second.

All moments are `time.monotonic_ns()`. On Linux that is CLOCK_MONOTONIC (as is `time.perf_counter_ns()`), one clock for every process
of the machine, so that the timed process can name the two ends of a window and this one can say afterwards what happened in it.
"""

from __future__ import annotations

import os
import threading
import time
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tinybert.measuring.absent import absent_of_cpu, absent_of_gpu, absent_of_machine
from tinybert.measuring.cpu_clocks import ClockState, CpuClocks
from tinybert.measuring.cpu_readings import CpuReader
from tinybert.measuring.energy import Rapl, above_idle_j
from tinybert.measuring.gpu_readings import Gpu, clock_state
from tinybert.measuring.host_memory import host_bytes, peak_host_bytes
from tinybert.measuring.looks import Look, Stretch, energy_at, inside, spread, stretches
from tinybert.measuring.process_tree import ProcessTree
from tinybert.measuring.validity import Observed

__all__ = ["Observed", "Watch", "host_bytes", "peak_host_bytes"]

PERIOD_S = 0.1
LARGEST_SHARE = 0.02
"""Looking takes this share of one core at most: with thousands of processes to read, the looks come less often (own choice)."""

QUIET_S = 0.5
"""The look at the machine before a timed process starts (own choice)."""


@dataclass(frozen=True)
class Quiet:
    """What the machine did, drew and held before a timed process started."""

    at_ns: int
    busy_share: float | None
    power_w: float | None
    used_bytes: int | None


class Watch:
    """Use as a context; `quiet()` before every timed process but the first, `follow(pid)` after its start.

    `device` is `cpu`, `cuda` or `cuda:N`. `proc` and `sys` are the roots of the two file systems; `nvml` a stand-in for `pynvml`.
    """

    def __init__(
        self,
        device: str,
        proc: Path = Path("/proc"),
        sys: Path = Path("/sys"),
        nvml: Any = None,
        period_s: float = PERIOD_S,
    ) -> None:
        self._tree = ProcessTree(os.getpid())
        self._reader = CpuReader(proc, sys, self._tree)
        self._clocks = CpuClocks(proc, sys)
        self._on_gpu = device.startswith("cuda")
        self._gpu = Gpu(device, nvml) if self._on_gpu else None
        self._rapl = Rapl(proc, sys)
        self._period_s = period_s
        self._looks: list[Look] = []
        self._quiet: list[Quiet] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._keep_looking, name="watch", daemon=True)

    def __enter__(self) -> Watch:
        self._look()
        self._thread.start()
        self.quiet()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._look()
        if self._gpu:
            self._gpu.close()

    def quiet(self) -> None:
        """Look at the machine for QUIET_S before a process is started: load, idle power, used device memory."""
        self._look()
        begin_ns = time.monotonic_ns()
        time.sleep(QUIET_S)
        looks = self._window(begin_ns, time.monotonic_ns())
        stretch = Stretch(looks)
        used_bytes = [look.gpu.used_bytes for look in looks if look.gpu and look.gpu.used_bytes is not None]
        # NVML's energy counter moves too seldom for so short a time, its power does not.
        powers_w = [look.gpu.power_w for look in looks if look.gpu] if self._on_gpu else [stretch.power_w]
        power = spread(powers_w)
        quiet = Quiet(looks[-1].at_ns, stretch.busy_share, power[1] if power else None, min(used_bytes, default=None))
        self._quiet.append(quiet)

    def follow(self, pid: int) -> None:
        """The timed process: it and whatever it starts are ours. (Children of this process are so from the start.)"""
        with self._lock:
            self._tree.follow(pid)

    def observed(self, begin_ns: int, end_ns: int) -> Observed:
        """What happened between two moments: averages over the looks just outside them, readings of those between."""
        looks = self._window(begin_ns, end_ns)
        stretch, quiet = Stretch(looks), self._quiet_before(begin_ns)
        between = inside(looks, begin_ns, end_ns)
        foreign_gpu = {name for look in between for name in look.gpu_foreign or ()}
        faults = {fault for look in between if look.gpu for fault in look.gpu.faults}
        return Observed(
            foreign_cores=stretch.foreign_cores,
            foreign_name=stretch.foreign_name,
            stolen_share=stretch.stolen_share,
            busy_before_share=quiet.busy_share if quiet else None,
            clock_mhz_lowest=min(self._clocks_mhz(between), default=None),
            clock_mhz_reference=self._reference_mhz(),
            throttle_reasons=tuple(sorted(faults | set(stretch.throttles))),
            cgroup_throttled_s=stretch.cgroup_throttled_s,
            foreign_gpu_processes=tuple(sorted(foreign_gpu)),
        )

    def energy_j(self, begin_ns: int, end_ns: int) -> float | None:
        """Joules of the device between two moments beyond what it draws when idle; None where that is not known, or nothing."""
        idle_w = [quiet.power_w for quiet in self._quiet if quiet.power_w is not None]
        looks = self._window(begin_ns, end_ns)
        begin_j, end_j = energy_at(looks, begin_ns), energy_at(looks, end_ns)
        if not idle_w or begin_j is None or end_j is None:
            return None
        # The least of several: after a first timed process the device idles warm and with raised clocks for a while.
        return above_idle_j(end_j - begin_j, (end_ns - begin_ns) / 1e9, min(idle_w))

    def device_peak_bytes(self, begin_ns: int, end_ns: int) -> int | None:
        """Device memory between two moments, at most, beyond what was used before the process started; None on a CPU.

        All processes of the device are in it (NVML's own figure per process is missing in containers), read ten times a second.
        """
        quiet = self._quiet_before(begin_ns)
        between = inside(self._window(begin_ns, end_ns), begin_ns, end_ns)
        used = [look.gpu.used_bytes for look in between if look.gpu and look.gpu.used_bytes is not None]
        if not used or quiet is None or quiet.used_bytes is None:
            return None
        return max(0, max(used) - quiet.used_bytes)

    def clocks(self) -> ClockState:
        """Whether the device's clock is fixed."""
        if self._gpu:
            return clock_state([look.gpu for look in self._all() if look.gpu], self._gpu.max_mhz)
        return self._clocks.state()

    def summary(self) -> dict[str, Any]:
        """The `readings` of the stage's result, over the whole watch; three numbers are least, median and most."""
        looks = self._all()
        gpu = [look.gpu for look in looks if look.gpu]
        seconds = list(stretches(looks, 1.0))
        whole = Stretch(looks)
        faults = {fault for reading in gpu for fault in reading.faults}
        powers_w = [reading.power_w for reading in gpu] if self._on_gpu else [stretch.power_w for stretch in seconds]
        return {
            "samples": len(looks),
            "clock_mhz": spread(self._clocks_mhz(looks)),
            "memory_clock_mhz": spread([reading.memory_mhz for reading in gpu]),
            "power_w": spread(powers_w),
            "temperature_c": spread([reading.temperature_c for reading in gpu]),
            "foreign_cores": spread([stretch.foreign_cores for stretch in seconds]),
            "throttle": sorted(faults | set(whole.throttles)),
            "governors": list(self._clocks.governors()),
            "swapped_in_pages": whole.swapped_in_pages,
        }

    def absent(self) -> list[dict[str, str]]:
        """What could not be read here, each with the reason. Ask when all windows are over."""
        looks = self._all()
        found = absent_of_gpu(self._gpu, looks) if self._gpu else absent_of_cpu(self._rapl.absent, looks)
        if self.clocks() == "unknown":
            found["clock state"] = "neither cpufreq nor NVML tells whether clocks are locked"
        return [{"what": what, "why": why} for what, why in (found | absent_of_machine(looks)).items()]

    def _keep_looking(self) -> None:
        pause_s = self._period_s
        while not self._ended.wait(pause_s):
            begin_ns = time.thread_time_ns()
            try:
                self._look()
            except (
                Exception
            ) as error:  # a look passes over what cannot be read: this is a mistake in it, for the caller to see
                self._error = error
                return
            pause_s = max(self._period_s, (time.thread_time_ns() - begin_ns) / 1e9 / LARGEST_SHARE)

    def _look(self) -> None:
        with self._lock:
            at_ns = time.monotonic_ns()
            cpu = self._reader.read()
            gpu = self._gpu.read() if self._gpu and not self._gpu.absent else None
            foreign = None
            if gpu and gpu.pids is not None and gpu.pids & self._tree.pids:
                foreign = tuple(sorted(self._reader.name(pid) for pid in gpu.pids - self._tree.pids))
            energy_j = gpu.energy_j if gpu else None if self._on_gpu else self._rapl.joules()
            self._looks.append(Look(at_ns, cpu, gpu, foreign, energy_j))

    def _all(self) -> list[Look]:
        if self._error:
            raise self._error
        with self._lock:
            return list(self._looks)

    def _window(self, begin_ns: int, end_ns: int) -> list[Look]:
        """The looks from the last one before `begin_ns` to the first one after `end_ns`, as far as there are."""
        looks = self._all()
        if looks[-1].at_ns < end_ns and not self._ended.is_set():
            self._look()
            looks = self._all()
        moments = [look.at_ns for look in looks]
        first = max(0, bisect_right(moments, begin_ns) - 1)
        return looks[first : max(bisect_left(moments, end_ns) + 1, first + 1)]

    def _quiet_before(self, begin_ns: int) -> Quiet | None:
        return next((quiet for quiet in reversed(self._quiet) if quiet.at_ns <= begin_ns), None)

    def _clocks_mhz(self, looks: list[Look]) -> list[float]:
        """The device's clock at each look at which it worked."""
        if self._on_gpu:
            clocks = [look.gpu.sm_mhz for look in looks if look.gpu and not look.gpu.idle]
        else:
            clocks = [look.cpu.clock_mhz for look in looks]
        return [mhz for mhz in clocks if mhz is not None]

    def _reference_mhz(self) -> float | None:
        """The nominal clock; the highest seen where there is none, or where the clock is locked, which may be below nominal."""
        seen = max(self._clocks_mhz(self._all()), default=None)
        nominal = self._gpu.base_mhz if self._gpu else self._clocks.nominal_mhz()
        return seen if nominal is None or self.clocks() == "locked" else nominal
