"""The processor's name, as the operating system gives it."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def cpu_name() -> str:
    """Model name and the number of cores this process may use, such as `AMD EPYC 9B14, 2 cores`."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    name = names[0] if names else platform.processor() or platform.machine()
    return f"{name}, {len(os.sched_getaffinity(0))} cores"
