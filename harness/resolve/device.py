"""What this machine computes with: cores, CPU features, GPUs. Asked of the system and NVML, never of an engine."""

from __future__ import annotations

import contextlib
import math
import os
import platform
from dataclasses import dataclass
from pathlib import Path

import pynvml


@dataclass(frozen=True)
class Gpu:
    """One CUDA device. `cuda_driver` is the newest CUDA version that its driver serves, as (major, minor)."""

    index: int
    name: str
    compute_capability: tuple[int, int]
    memory_bytes: int
    driver: str
    cuda_driver: tuple[int, int]
    uuid: str = ""

    @property
    def architecture(self) -> str:
        return f"sm_{self.compute_capability[0]}{self.compute_capability[1]}"


@dataclass(frozen=True)
class Cpu:
    """`flags` are the kernel's names of instruction sets (empty where /proc/cpuinfo is absent)."""

    name: str
    flags: frozenset[str]


def visible_gpus() -> tuple[Gpu, ...]:
    """The GPUs that a CUDA program started here would see, its device 0 first; none without a driver.

    CUDA_VISIBLE_DEVICES is obeyed as CUDA does: indices or UUID prefixes, cut at the first that names no GPU.
    """
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return ()
    try:
        return _chosen(os.environ.get("CUDA_VISIBLE_DEVICES"))
    except pynvml.NVMLError:
        return ()
    finally:
        with contextlib.suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


def _chosen(selection: str | None) -> tuple[Gpu, ...]:
    handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
    if selection is None:
        return tuple(_gpu(index, handle) for index, handle in enumerate(handles))
    uuids = [str(pynvml.nvmlDeviceGetUUID(handle)) for handle in handles]
    return tuple(_gpu(index, handles[index]) for index in visible_indices(selection, uuids))


def visible_indices(selection: str, uuids: list[str]) -> list[int]:
    """The indices of the GPUs (by `uuids`) that a value of CUDA_VISIBLE_DEVICES selects, in its order."""
    indices: list[int] = []
    for name in selection.split(","):
        name = name.strip()
        by_uuid = [index for index, uuid in enumerate(uuids) if name.startswith("GPU-") and uuid.startswith(name)]
        if name.isdigit() and int(name) < len(uuids):
            indices.append(int(name))
        elif len(by_uuid) == 1:
            indices.append(by_uuid[0])
        else:
            break
    return indices


def _gpu(index: int, handle: object) -> Gpu:
    major, minor = pynvml.nvmlDeviceGetCudaComputeCapability(handle)
    cuda = pynvml.nvmlSystemGetCudaDriverVersion_v2()
    return Gpu(
        index=index,
        name=str(pynvml.nvmlDeviceGetName(handle)),
        compute_capability=(major, minor),
        memory_bytes=int(pynvml.nvmlDeviceGetMemoryInfo(handle).total),
        driver=str(pynvml.nvmlSystemGetDriverVersion()),
        cuda_driver=(cuda // 1000, cuda % 1000 // 10),
        uuid=str(pynvml.nvmlDeviceGetUUID(handle)),
    )


def cpu(cpuinfo: Path = Path("/proc/cpuinfo")) -> Cpu:
    fields: dict[str, str] = {}
    with contextlib.suppress(OSError):
        for line in cpuinfo.read_text().splitlines():
            name, _, value = line.partition(":")
            fields.setdefault(name.strip(), value.strip())
    name = fields.get("model name") or platform.processor() or platform.machine()
    return Cpu(name, frozenset((fields.get("flags") or fields.get("Features") or "").split()))


def core_count(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Cores that this process may keep busy: its CPU affinity, cut to the container's CPU quota (rounded up)."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _cpu_quota(cgroup)
    return max(1, min(cores, math.ceil(quota))) if quota else cores


def _cpu_quota(cgroup: Path) -> float | None:
    """Cores' worth of CPU time by cgroup v2 (`cpu.max`) or v1 (`cpu.cfs_*`); None without a limit."""
    with contextlib.suppress(OSError, ValueError):
        quota, period = (cgroup / "cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    with contextlib.suppress(OSError, ValueError):
        quota_us = int((cgroup / "cpu" / "cpu.cfs_quota_us").read_text())
        return quota_us / int((cgroup / "cpu" / "cpu.cfs_period_us").read_text()) if quota_us > 0 else None
    return None
