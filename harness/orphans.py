"""No orphans: a process started here is killed when the harness dies, even by SIGKILL, so that it cannot write on."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

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
