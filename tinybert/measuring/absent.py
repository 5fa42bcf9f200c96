"""What the looks at a machine never told: what -> why."""

from __future__ import annotations

from tinybert.measuring.gpu_readings import Gpu
from tinybert.measuring.looks import Look

GPU_FIELDS = {"clock": "sm_mhz", "throttling": "reasons", "device memory": "used_bytes", "energy": "energy_j"}


def absent_of_machine(looks: list[Look]) -> dict[str, str]:
    found = {}
    if looks[-1].cpu.times is None:
        found["load of the machine"] = "there is no /proc/stat"
    if looks[-1].cpu.cgroup_throttled_s is None:
        found["throttling by CPU quota"] = "no cpu.stat of this process' control group counts it"
    return found


def absent_of_cpu(no_energy: str, looks: list[Look]) -> dict[str, str]:
    """`no_energy`: why energy is absent, or empty."""
    found = {"device memory": "the device is a CPU, its memory is the host's"}
    if all(look.cpu.clock_mhz is None for look in looks):
        found["clock"] = "neither cpufreq nor /proc/cpuinfo shows it, or no core was busy"
    if not looks[-1].cpu.throttles:
        found["thermal throttling"] = "the kernel has no throttle counters here (a virtual machine, or not x86)"
    if no_energy:
        found["energy"] = no_energy
    return found


def absent_of_gpu(gpu: Gpu, looks: list[Look]) -> dict[str, str]:
    if gpu.absent:
        return dict.fromkeys((*GPU_FIELDS, "foreign GPU processes"), gpu.absent)
    readings = [look.gpu for look in looks if look.gpu]
    found = {
        what: "NVML does not tell it for this GPU and driver"
        for what, field in GPU_FIELDS.items()
        if all(getattr(reading, field) is None for reading in readings)
    }
    if all(look.gpu_foreign is None for look in looks):
        found["foreign GPU processes"] = (
            "NVML never listed ours: in a container it numbers processes otherwise, or lists none"
        )
    return found
