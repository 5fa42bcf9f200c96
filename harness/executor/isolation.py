"""How a container is fenced in: the keyword arguments for the Docker SDK, every one stated here and tested from inside."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from docker.types import DeviceRequest, LogConfig, Mount

from harness.executor.base import STAGE_ENVIRONMENT, StageCommand

PIDS = 4096
SHM_BYTES = 1 << 30
TMPFS = {"/tmp": "rw,noexec,nosuid,nodev,mode=1777"}
MEMORY_SHARE = 0.9
"""Of the machine's memory, where the user set no limit: the container dies for want of memory before the machine does."""
WORKING_DIRECTORY = "/opt/tinybench"


@dataclass(frozen=True)
class Limits:
    """`gpu_uuid`: the one GPU that the container sees; None for none. `memory_bytes` counts no swap: there is none to use."""

    memory_bytes: int
    cpus: tuple[int, ...]
    gpu_uuid: str | None = None


def limits(memory_bytes: int | None, gpu_uuid: str | None) -> Limits:
    """The user's memory limit or the default share; the cores that the harness itself may use."""
    chosen = memory_bytes or int(psutil.virtual_memory().total * MEMORY_SHARE)
    return Limits(chosen, tuple(sorted(os.sched_getaffinity(0))), gpu_uuid)


def container_options(command: StageCommand, fence: Limits, labels: dict[str, str]) -> dict[str, Any]:
    """For `containers.create`, beside the image. No network, no capability, nothing writable but the stage's output and /tmp.

    Neither the Docker socket nor the host's root is ever mounted: the mounts are the spec, the inputs and the output alone.
    """
    return {
        "command": command.arguments(),
        "user": f"{os.getuid()}:{os.getgid()}",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "network_mode": "none",
        "ipc_mode": "private",
        "pids_limit": PIDS,
        "mem_limit": fence.memory_bytes,
        "memswap_limit": fence.memory_bytes,
        "cpuset_cpus": ",".join(map(str, fence.cpus)),
        "shm_size": SHM_BYTES,
        "tmpfs": TMPFS,
        "mounts": mounts(command),
        "environment": STAGE_ENVIRONMENT
        | {"PYTHONPATH": WORKING_DIRECTORY, "HOME": "/tmp", "LANG": "C.UTF-8", "TZ": "UTC"},
        "working_dir": WORKING_DIRECTORY,
        "init": True,
        "log_config": LogConfig(type=LogConfig.types.NONE),  # events are followed as they come; nothing is kept twice
        "labels": labels,
        "stdin_open": False,
        "tty": False,
        "device_requests": gpu_request(fence.gpu_uuid),
    }


def gpu_request(uuid: str | None) -> list[DeviceRequest]:
    """One GPU by its UUID, which no renumbering changes. `utility` lets the measurement read power and clocks by NVML."""
    if uuid is None:
        return []
    return [DeviceRequest(driver="nvidia", device_ids=[uuid], capabilities=[["gpu", "compute", "utility"]])]


def mounts(command: StageCommand) -> list[Mount]:
    """Every path at its own place, so that one spec serves inside and outside; all but the output are read-only."""
    readable = dict.fromkeys([command.spec, *command.inputs, *_linked(command.inputs)])
    inputs = [_mount(path, read_only=True) for path in readable if path != command.out]
    return [*inputs, _mount(command.out, read_only=False)]


def _linked(inputs: Iterable[Path]) -> list[Path]:
    """Folders outside an input that links in it lead to: a hub's snapshot is links into its store of blobs."""
    found = []
    for folder in inputs:
        for path in folder.rglob("*"):
            target = path.resolve()
            if path.is_symlink() and target.exists() and not target.is_relative_to(folder.resolve()):
                found.append(target.parent)
    return found


def _mount(path: Path, read_only: bool) -> Mount:
    return Mount(target=str(path), source=str(path.resolve()), type="bind", read_only=read_only)
