"""A machine of files: /proc and /sys as far as the watch reads them, to be changed by a test. And processes that are busy."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tinybert.measuring.process_tree import TICKS_PER_S

BUSY = "while True: sum(range(10_000))"

DETACHED = f"import os\npid = os.fork()\nif not pid:\n    os.setsid()\n    os.close(1)\n    {BUSY}\nprint(pid)"
"""Prints the pid of a busy process and ends: init, or who stands in for it, takes that process over."""


class Machine:
    """Two cores by default. Write what a test needs; what is not written does not exist on this machine."""

    def __init__(self, root: Path) -> None:
        self.proc = root / "proc"
        self.sys = root / "sys"
        self.cpu = "devices/system/cpu"
        self.proc.mkdir(parents=True)
        self.sys.mkdir(parents=True)

    def write_proc(self, path: str, text: object) -> None:
        _write(self.proc / path, text)

    def write_sys(self, path: str, text: object) -> None:
        _write(self.sys / path, text)

    def times(self, *cores_s: tuple[float, float, float]) -> None:
        """Seconds of each core so far: busy, idle, stolen."""
        rows = [tuple(map(sum, zip(*cores_s, strict=True))), *cores_s]
        names = ["cpu", *(f"cpu{number}" for number in range(len(cores_s)))]
        ticks = [[round(seconds * TICKS_PER_S) for seconds in row] for row in rows]
        lines = [
            f"{name} {busy} 0 0 {idle} 0 0 0 {stolen} 0 0"
            for name, (busy, idle, stolen) in zip(names, ticks, strict=True)
        ]
        self.write_proc("stat", "\n".join([*lines, "intr 1 2 3"]))

    def clocks(self, *cores_mhz: float) -> None:
        for number, mhz in enumerate(cores_mhz):
            self.write_sys(f"{self.cpu}/cpu{number}/cpufreq/scaling_cur_freq", round(mhz * 1000))

    def process(
        self, pid: int, parent: int, own_s: float, reaped_s: float = 0, name: str = "work", started: int = 1
    ) -> None:
        own, reaped = round(own_s * TICKS_PER_S), round(reaped_s * TICKS_PER_S)
        self.write_proc(
            f"{pid}/stat", f"{pid} ({name}) S {parent} " + "0 " * 9 + f"{own} 0 {reaped} 0 20 0 1 0 {started} 0 0"
        )

    def end(self, pid: int) -> None:
        (self.proc / str(pid) / "stat").unlink()


def _write(path: Path, text: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n")


@contextmanager
def busy_child(code: str = BUSY) -> Iterator[int]:
    """The pid of a child of this process that keeps one core busy."""
    process = subprocess.Popen([sys.executable, "-c", code])
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


@contextmanager
def busy_stranger() -> Iterator[int]:
    """The pid of a process that keeps one core busy and descends from nothing of ours."""
    pid = int(subprocess.run([sys.executable, "-c", DETACHED], stdout=subprocess.PIPE, check=True).stdout)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
