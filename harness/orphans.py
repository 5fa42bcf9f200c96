"""No orphans: a process started here is killed when the harness dies, even by SIGKILL, so that it cannot write on."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_harness() -> Callable[[], None]:
    """For Popen's `preexec_fn`. The process dies with the thread that starts it: start it from one that stays."""
    harness = os.getpid()

    def in_child() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != harness:
                os._exit(128 + signal.SIGKILL)

    return in_child


def fingerprint(pid: int | None = None) -> str:
    """`boot namespace pid start`: a process told apart from every other, also after its number was given to another.

    The start is in clock ticks since boot; of a process that is not there, 0.
    """
    number = os.getpid() if pid is None else pid
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        namespace = Path("/proc/self/ns/pid").readlink().name
    except OSError:
        boot = namespace = "unknown"
    try:
        stat = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
        start = "0" if stat[0] == "Z" else stat[19]
    except OSError:
        start = "0"
    return f"{boot} {namespace} {number} {start}"


def is_alive(label: str) -> bool:
    """Whether the process that a fingerprint of this machine names runs; true for another namespace's: it cannot be seen."""
    boot, namespace, pid, start = label.split() if label.count(" ") == 3 else ("", "", "", "")
    own_boot, own_namespace, *_ = fingerprint().split()
    if boot != own_boot:
        return False
    return namespace != own_namespace or (pid.isdigit() and start != "0" and fingerprint(int(pid)) == label)
