"""Host memory of the process that asks."""

from __future__ import annotations

import resource
import sys
from pathlib import Path


def peak_host_bytes(proc: Path = Path("/proc")) -> int:
    """The most resident memory this process has had: VmHWM, or else `ru_maxrss`.

    `ru_maxrss` comes second because it survives an exec: a small child would report the size of the parent that started it.
    """
    peak = _status_bytes(proc, "VmHWM")
    if peak is not None:
        return peak
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2): KiB on Linux, bytes on macOS
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def host_bytes(proc: Path = Path("/proc")) -> int | None:
    """Resident memory of this process now (VmRSS); None where /proc does not show it."""
    return _status_bytes(proc, "VmRSS")


def _status_bytes(proc: Path, field: str) -> int | None:
    try:
        lines = (proc / "self" / "status").read_text().splitlines()
    except OSError:
        return None
    values = [line.split()[1] for line in lines if line.startswith(f"{field}:")]
    return int(values[0]) * 1024 if values else None
