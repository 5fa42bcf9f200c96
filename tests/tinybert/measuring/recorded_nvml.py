"""A stand-in for the module `pynvml`. Allowed here alone, because no machine of these tests has a GPU.

It answers with what a test sets, in NVML's units and with NVML's names, and refuses what a test has taken away, as NVML does for GPUs
that lack it. What the real library answers on a real GPU is not checked by it.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


class RecordedNvml:
    NVML_CLOCK_SM, NVML_CLOCK_MEM, NVML_TEMPERATURE_GPU = 1, 2, 0

    class NVMLError(Exception):
        pass

    def __init__(self, *names: str) -> None:
        self.names = names or ("A100",)
        self.answers: dict[str, Any] = {
            "ClockInfo": {1: 1410, 2: 1593},
            "MaxClockInfo": {1: 1410},
            "DefaultApplicationsClock": {1: 1095},
            "PowerUsage": 60_000,
            "Temperature": 41,
            "CurrentClocksEventReasons": 0x0,
            "MemoryInfo": SimpleNamespace(used=500 * 2**20),
            "TotalEnergyConsumption": 1_000_000,
            "ComputeRunningProcesses": [],
        }

    def __getattr__(self, name: str) -> Any:
        prefix = "nvmlDeviceGet"
        if not name.startswith(prefix):
            raise AttributeError(name)

        def answer(handle: int, *what: int) -> Any:
            self.asked = handle
            try:
                value = self.answers[name.removeprefix(prefix)]
            except KeyError:
                raise self.NVMLError("Not Supported") from None
            return value[what[0]] if isinstance(value, dict) else value

        return answer

    def nvmlInit(self) -> None:  # noqa: N802
        if "driver" in self.answers:
            raise self.NVMLError(self.answers["driver"])

    def nvmlShutdown(self) -> None:  # noqa: N802
        pass

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return len(self.names)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        return index

    def nvmlDeviceGetUUID(self, handle: int) -> str:  # noqa: N802
        return f"GPU-{handle}{handle}-aa"

    def nvmlDeviceGetName(self, handle: int) -> str:  # noqa: N802
        return self.names[handle]

    def run(self, *pids: int, sm_mhz: int = 1410, reasons: int = 0, used_bytes: int = 500 * 2**20) -> None:
        self.answers["ComputeRunningProcesses"] = [SimpleNamespace(pid=pid) for pid in pids]
        self.answers["ClockInfo"] = {1: sm_mhz, 2: 1593}
        self.answers["CurrentClocksEventReasons"] = reasons
        self.answers["MemoryInfo"] = SimpleNamespace(used=used_bytes)
