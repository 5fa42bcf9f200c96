"""The CPU time of this process and everything below it, read from /proc: what of the machine's work is ours."""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
"""Unit of the times in /proc/stat and /proc/PID/stat (proc(5): clock ticks, `sysconf(_SC_CLK_TCK)`)."""


@dataclass(frozen=True)
class Process:
    """`own_s` is user and system time of all its threads; `reaped_s` that of the children it has waited for, with theirs."""

    pid: int
    parent: int
    started_ticks: int
    name: str
    own_s: float
    reaped_s: float

    @property
    def key(self) -> tuple[int, int]:
        """A pid is used again after its process has ended; with the start time it is not."""
        return self.pid, self.started_ticks


def read_processes(proc: Path) -> dict[int, Process]:
    """Every process that `proc` shows, by pid; none where it does not exist. One that ends meanwhile is left out."""
    found = {}
    with contextlib.suppress(OSError):
        # Ten times a second for every process there is: with Path this takes twice as long.
        for name in os.listdir(proc):  # noqa: PTH208
            if name.isdigit():
                with contextlib.suppress(OSError, ValueError, IndexError):
                    found[int(name)] = parse_stat(_read(f"{proc}/{name}/stat"))
    return found


def parse_stat(line: str) -> Process:
    """A /proc/PID/stat line. Its second field, the name in parentheses, may hold spaces and parentheses itself."""
    head, _, tail = line.rpartition(")")
    pid, _, name = head.partition(" (")
    fields = tail.split(None, 20)  # the first is field 3 of proc_pid_stat(5), the state; then utime is 11, starttime 19
    return Process(
        pid=int(pid),
        parent=int(fields[1]),
        started_ticks=int(fields[19]),
        name=name,
        own_s=(int(fields[11]) + int(fields[12])) / TICKS_PER_S,
        reaped_s=(int(fields[13]) + int(fields[14])) / TICKS_PER_S,
    )


def _read(path: str) -> str:
    """A file of /proc that fits into one read."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, 4096).decode(errors="replace")
    finally:
        os.close(descriptor)


class ProcessTree:
    """CPU time of a process and its descendants since the first update, those that ended between two updates included.

    A descendant that ended is found in `reaped_s` of the parent that waited for it. What had been counted while it lived is
    taken off that; a parent may wait much later than the child vanished, so the amount is kept until it does.
    Whatever was once ours stays ours, also after its parent has gone and init has adopted it.
    """

    def __init__(self, root: int) -> None:
        self.total_s = 0.0
        self._roots = {root}
        self._members: dict[tuple[int, int], Process] = {}
        self._counted_s: dict[tuple[int, int], float] = defaultdict(float)
        self._started = False

    @property
    def pids(self) -> frozenset[int]:
        return frozenset(pid for pid, _ in self._members)

    def follow(self, pid: int) -> None:
        """Count `pid` and what is below it as ours, wherever its parent is."""
        self._roots.add(pid)

    def update(self, processes: dict[int, Process]) -> float:
        """Take in a new look at all processes. Returns `total_s`, seconds of CPU time since the first look."""
        now = self._find(processes)
        self._expect_reaping_of(set(self._members) - set(now))
        for key, process in now.items():
            before = self._members.get(key)
            if before is not None:
                reaped_s = process.reaped_s - before.reaped_s
                counted_s = min(reaped_s, self._counted_s[key])
                self._counted_s[key] -= counted_s
                self.total_s += process.own_s - before.own_s + reaped_s - counted_s
            elif self._started:
                self.total_s += process.own_s + process.reaped_s
        self._members = now
        self._started = True
        return self.total_s

    def _find(self, processes: dict[int, Process]) -> dict[tuple[int, int], Process]:
        below: dict[int, list[Process]] = defaultdict(list)
        for process in processes.values():
            below[process.parent].append(process)
        known = [process for process in processes.values() if process.key in self._members]
        queue = known + [processes[pid] for pid in self._roots if pid in processes]
        found: dict[tuple[int, int], Process] = {}
        while queue:
            process = queue.pop()
            if process.key not in found:
                found[process.key] = process
                queue.extend(below[process.pid])
        return found

    def _expect_reaping_of(self, vanished: set[tuple[int, int]]) -> None:
        """Note with each parent what has been counted of the children that vanished; with the nearest one that is left."""
        by_pid = {process.pid: process for process in self._members.values()}
        for key in vanished:
            process = self._members[key]
            counted_s = process.own_s + process.reaped_s + self._counted_s.pop(key, 0.0)
            parent = by_pid.get(process.parent)
            while parent is not None and parent.key in vanished:
                parent = by_pid.get(parent.parent)
            if parent is not None:
                self._counted_s[parent.key] += counted_s
