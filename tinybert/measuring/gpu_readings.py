"""One look at the GPU that a `cuda` device is, through NVML. The module `pynvml` is loaded when there is one to look at."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from tinybert.measuring.cpu_clocks import ClockState

Value = TypeVar("Value")

IDLE = 0x1
SET_CLOCKS = 0x2
FAULTS = {
    0x04: "software power cap",
    0x08: "hardware slowdown",
    0x20: "software thermal slowdown",
    0x40: "hardware thermal slowdown",
    0x80: "hardware power brake",
}
"""Bits of nvmlDeviceGetCurrentClocksEventReasons (nvml.h, nvmlClocksEventReasons) that slow work down against the user's will.

Not among them: idle (0x1), clocks set by the user (0x2), sync boost (0x10), display clocks (0x100)."""


@dataclass(frozen=True)
class GpuReading:
    """None where this GPU or driver does not tell.

    `energy_j` counts since the driver was loaded, `used_bytes` is of all processes together. `pids` (compute processes) are as NVML
    numbers them: in a container, not the numbers that its processes have there.
    """

    sm_mhz: float | None
    memory_mhz: float | None
    power_w: float | None
    temperature_c: float | None
    reasons: int | None
    used_bytes: int | None
    energy_j: float | None
    pids: frozenset[int] | None

    @property
    def faults(self) -> tuple[str, ...]:
        return tuple(name for bit, name in FAULTS.items() if (self.reasons or 0) & bit)

    @property
    def idle(self) -> bool:
        return bool((self.reasons or 0) & IDLE)


class Gpu:
    """NVML's calls, and no others. `nvml` is the module `pynvml` unless a test gives a stand-in.

    `absent` says why there is no GPU to read, or is empty. `base_mhz` is the clock without boost (default applications clock),
    `max_mhz` the highest that the SMs may have.
    """

    def __init__(self, device: str, nvml: Any = None) -> None:
        self.absent = ""
        self.base_mhz: float | None = None
        self.max_mhz: float | None = None
        try:
            self._nvml = nvml or importlib.import_module("pynvml")
        except ImportError:
            self.absent = "the Python package nvidia-ml-py is not installed"
            return
        try:
            self._nvml.nvmlInit()
            self._handle = self._find(int(device.partition(":")[2] or 0))
        except (self._nvml.NVMLError, LookupError) as error:
            self.absent = f"NVML: {error}"
            return
        sm = self._nvml.NVML_CLOCK_SM
        self.base_mhz = self._ask(lambda: float(self._nvml.nvmlDeviceGetDefaultApplicationsClock(self._handle, sm)))
        self.max_mhz = self._ask(lambda: float(self._nvml.nvmlDeviceGetMaxClockInfo(self._handle, sm)))

    def read(self) -> GpuReading:
        """Raises nothing: what NVML refuses is None. Not to be called where `absent` says something."""
        nvml, handle = self._nvml, self._handle
        return GpuReading(
            sm_mhz=self._ask(lambda: float(nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM))),
            memory_mhz=self._ask(lambda: float(nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_MEM))),
            power_w=self._ask(lambda: nvml.nvmlDeviceGetPowerUsage(handle) / 1000),
            temperature_c=self._ask(lambda: float(nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU))),
            reasons=self._reasons(),
            used_bytes=self._ask(lambda: int(nvml.nvmlDeviceGetMemoryInfo(handle).used)),
            energy_j=self._ask(lambda: nvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1000),
            pids=self._ask(lambda: frozenset(int(p.pid) for p in nvml.nvmlDeviceGetComputeRunningProcesses(handle))),
        )

    def close(self) -> None:
        if not self.absent:
            self._ask(self._nvml.nvmlShutdown)

    def _reasons(self) -> int | None:
        """Drivers before 535 know them as throttle reasons; the bits are the same."""
        reasons = self._ask(lambda: int(self._nvml.nvmlDeviceGetCurrentClocksEventReasons(self._handle)))
        if reasons is None:
            reasons = self._ask(lambda: int(self._nvml.nvmlDeviceGetCurrentClocksThrottleReasons(self._handle)))
        return reasons

    def _ask(self, call: Callable[[], Value]) -> Value | None:
        try:
            return call()
        except self._nvml.NVMLError:
            return None

    def _find(self, number: int) -> Any:
        """NVML's handle of the CUDA device `number`. Raises LookupError where it cannot be told which one that is."""
        nvml = self._nvml
        handles = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]
        selection = os.environ.get("CUDA_VISIBLE_DEVICES")
        visible = list(range(len(handles)))
        if selection is not None:
            visible = visible_indices(selection, [str(nvml.nvmlDeviceGetUUID(handle)) for handle in handles])
        if number >= len(visible):
            raise LookupError(f"no whole GPU is CUDA device {number} (CUDA_VISIBLE_DEVICES is {selection!r})")
        by_number = selection is None or "GPU-" not in selection
        kinds = {str(nvml.nvmlDeviceGetName(handle)) for handle in handles}
        if by_number and len(kinds) > 1 and os.environ.get("CUDA_DEVICE_ORDER") != "PCI_BUS_ID":
            raise LookupError(
                "GPUs of several kinds, which CUDA numbers by speed and NVML by bus: "
                "set CUDA_DEVICE_ORDER=PCI_BUS_ID, or CUDA_VISIBLE_DEVICES to a UUID"
            )
        return handles[visible[number]]


def clock_state(readings: list[GpuReading], max_mhz: float | None) -> ClockState:
    """Whether the SM clock is locked, by what was seen of it: NVML has no question for `nvidia-smi --lock-gpu-clocks`.

    Locked if all work ran at a clock that the driver says the user set, or if the clock never moved, stayed below the highest and
    the GPU never reported idling: with locked clocks it does not, while an unlocked one clocks down before the process starts.
    """
    known = [reading for reading in readings if reading.sm_mhz is not None and reading.reasons is not None]
    loaded = [reading for reading in known if not reading.idle]
    if not known:
        return "unknown"
    if loaded and all((reading.reasons or 0) & SET_CLOCKS for reading in loaded):
        return "locked"
    clocks = {reading.sm_mhz or 0.0 for reading in known}
    still = len(clocks) == 1 and len(loaded) == len(known) and not any(reading.faults for reading in known)
    return "locked" if still and max_mhz is not None and max(clocks) < max_mhz else "floating"


def visible_indices(selection: str, uuids: list[str]) -> list[int]:
    """NVML's indices of the GPUs that a value of CUDA_VISIBLE_DEVICES selects, in its order.

    As CUDA reads it: indices or UUID prefixes, cut at the first that names no GPU (CUDA C++ Programming Guide, environment variables).
    """
    indices: list[int] = []
    for name in (part.strip() for part in selection.split(",")):
        by_uuid = [index for index, uuid in enumerate(uuids) if name.startswith("GPU-") and uuid.startswith(name)]
        if name.isdigit() and int(name) < len(uuids):
            indices.append(int(name))
        elif len(by_uuid) == 1:
            indices.append(by_uuid[0])
        else:
            break
    return indices
