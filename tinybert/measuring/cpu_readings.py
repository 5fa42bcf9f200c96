"""One look at the machine's processor: who keeps the cores busy, how fast they run, and what holds them back. Linux alone."""

from __future__ import annotations

import contextlib
import statistics
from dataclasses import dataclass
from pathlib import Path

from tinybert.measuring.cpu_clocks import CpuClocks
from tinybert.measuring.process_tree import TICKS_PER_S, Process, ProcessTree, read_processes

BUSY_CORE = 0.5
"""A core busy for at least this share of the time between two looks shows the clock that work runs at (own choice)."""

THROTTLE_COUNTERS = {"core_throttle_count": "CPU core too hot", "package_throttle_count": "CPU package too hot"}
"""Counters of Linux' x86 `thermal_throttle` -> what their growth means."""


@dataclass(frozen=True)
class CpuTimes:
    """Seconds since the machine's start, summed over cores. `stolen_s` went to other guests of the hypervisor."""

    busy_s: float
    stolen_s: float
    total_s: float


@dataclass(frozen=True)
class CpuReading:
    """All but `foreign_s` and `clock_mhz` are counters that only grow; None where the machine has no such counter.

    `ours_s`: CPU time of our processes. `foreign_s`: (pid, name) of another process -> its CPU time since the look before.
    `clock_mhz`: median over the cores that were busy since then, for an idle core's clock falls without any fault.
    """

    times: CpuTimes | None
    ours_s: float
    foreign_s: dict[tuple[int, str], float]
    clock_mhz: float | None
    throttles: dict[str, int]
    cgroup_throttled_s: float | None
    swapped_in_pages: int | None


class CpuReader:
    """`proc` and `sys` are the roots of the two file systems, `tree` says which processes are ours."""

    def __init__(self, proc: Path, sys: Path, tree: ProcessTree) -> None:
        self._proc = proc
        self._sys = sys
        self._tree = tree
        self._clocks = CpuClocks(proc, sys)
        self._throttle_files = {
            meaning: sorted((sys / "devices" / "system" / "cpu").glob(f"cpu[0-9]*/thermal_throttle/{name}"))
            for name, meaning in THROTTLE_COUNTERS.items()
        }
        self._cgroup_files = cgroup_files(proc, sys)
        self._times: dict[str, CpuTimes] = {}
        self._processes: dict[int, Process] = {}

    def read(self) -> CpuReading:
        times, processes = read_times(self._proc), read_processes(self._proc)
        ours_s = self._tree.update(processes)
        reading = CpuReading(
            times=times.get("cpu"),
            ours_s=ours_s,
            foreign_s=self._foreign_s(processes),
            clock_mhz=self._busy_clock_mhz(times),
            throttles={meaning: _sum(files) for meaning, files in self._throttle_files.items() if files},
            cgroup_throttled_s=_cgroup_throttled_s(self._cgroup_files),
            swapped_in_pages=_field(self._proc / "vmstat", "pswpin"),
        )
        self._times, self._processes = times, processes
        return reading

    def name(self, pid: int) -> str:
        """The name of a process at the last look, or its number."""
        process = self._processes.get(pid)
        return process.name if process else f"pid {pid}"

    def _foreign_s(self, processes: dict[int, Process]) -> dict[tuple[int, str], float]:
        ours, used = self._tree.pids, {}
        for pid, process in processes.items():
            before = self._processes.get(pid)
            if pid not in ours and before and before.key == process.key and process.own_s > before.own_s:
                used[pid, process.name] = process.own_s - before.own_s
        return used

    def _busy_clock_mhz(self, times: dict[str, CpuTimes]) -> float | None:
        busy = []
        for core, now in times.items():
            before = self._times.get(core)
            if (
                core != "cpu"
                and before
                and now.busy_s - before.busy_s >= BUSY_CORE * (now.total_s - before.total_s) > 0
            ):
                busy.append(core)
        clocks = self._clocks.now_mhz() if busy else {}
        return statistics.median(clocks[core] for core in busy if core in clocks) if clocks.keys() & set(busy) else None


def read_times(proc: Path) -> dict[str, CpuTimes]:
    """`cpu` (all cores together) and each core -> its times, from /proc/stat; empty where that does not exist.

    Fields by proc_stat(5): user nice system idle iowait irq softirq steal; guest time is part of user time already.
    """
    found = {}
    with contextlib.suppress(OSError):
        for line in (proc / "stat").read_text().splitlines():
            if line.startswith("cpu"):
                name, *fields = line.split()
                user, nice, system, idle, iowait, irq, softirq, steal = ([int(f) for f in fields] + [0] * 8)[:8]
                busy = user + nice + system + irq + softirq
                found[name] = CpuTimes(
                    busy_s=busy / TICKS_PER_S,
                    stolen_s=steal / TICKS_PER_S,
                    total_s=(busy + idle + iowait + steal) / TICKS_PER_S,
                )
    return found


def cgroup_files(proc: Path, sys: Path) -> list[Path]:
    """The `cpu.stat` of this process' control group and of those above it: a quota of any of them holds us back.

    /proc/self/cgroup has `0::/path` for version 2 and `4:cpu,cpuacct:/path` for version 1. In a container the path may be
    the host's and not exist here; then the root of what is mounted is the container's own group.
    """
    root, files = sys / "fs" / "cgroup", []
    with contextlib.suppress(OSError):
        for line in (proc / "self" / "cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers or "cpu" in controllers.split(","):
                top = root / controllers
                group = top / path.lstrip("/")
                files += [at / "cpu.stat" for at in (group, *group.parents) if at == top or top in at.parents]
    return [file for file in files if file.is_file()]


def _cgroup_throttled_s(files: list[Path]) -> float | None:
    """Core seconds in which a quota held threads back that could have run (the kernel adds the cores up)."""
    in_us = [value for file in files if (value := _field(file, "throttled_usec")) is not None]  # version 2
    in_ns = [value for file in files if (value := _field(file, "throttled_time")) is not None]  # version 1
    return sum(in_us) / 1e6 + sum(in_ns) / 1e9 if in_us or in_ns else None


def _field(file: Path, name: str) -> int | None:
    """The number after `name` in a file of lines `name number`; None where it is not there."""
    with contextlib.suppress(OSError):
        for line in file.read_text().splitlines():
            if line.startswith(f"{name} "):
                return int(line.split()[1])
    return None


def _sum(files: list[Path]) -> int:
    total = 0
    for file in files:
        with contextlib.suppress(OSError, ValueError):
            total += int(file.read_text())
    return total
