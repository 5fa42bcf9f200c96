"""Clock frequencies of the cores, by Linux' cpufreq or else by /proc/cpuinfo."""

from __future__ import annotations

import contextlib
import re
import statistics
from pathlib import Path
from typing import Literal

ClockState = Literal["locked", "floating", "unknown"]

KHZ_PER_MHZ = 1000


class CpuClocks:
    """`proc` and `sys` are the roots of the two file systems."""

    def __init__(self, proc: Path, sys: Path) -> None:
        self._cpuinfo = proc / "cpuinfo"
        self._cpu = sys / "devices" / "system" / "cpu"
        self._cores = {path.name: path for path in sorted(self._cpu.glob("cpu[0-9]*"))}

    def now_mhz(self) -> dict[str, float]:
        """Core (`cpu0`, ...) -> its clock; empty where neither source shows one (many virtual machines, ARM without cpufreq)."""
        clocks = self._cpufreq_mhz("scaling_cur_freq")
        return clocks or self._cpuinfo_mhz()

    def nominal_mhz(self) -> float | None:
        """The clock without turbo that the maker names, the median over cores; None where the system does not tell it.

        Sources, the first that is there: intel_pstate's `base_frequency`, ACPI CPPC's `nominal_freq`, and the `@ 2.20GHz` that
        Intel writes into the processor's name.
        """
        clocks = list(self._cpufreq_mhz("base_frequency").values())
        clocks = clocks or [
            mhz for core in self._cores.values() if (mhz := _number(core / "acpi_cppc" / "nominal_freq"))
        ]
        if clocks:
            return statistics.median(clocks)
        match = re.search(r"^model name\s*:.*@ ([\d.]+)GHz", _text(self._cpuinfo), re.MULTILINE)
        return float(match[1]) * 1000 if match else None

    def governors(self) -> tuple[str, ...]:
        """The cpufreq governors in use, sorted; empty without cpufreq."""
        names = {_text(core / "cpufreq" / "scaling_governor").strip() for core in self._cores.values()}
        return tuple(sorted(names - {""}))

    def state(self) -> ClockState:
        """`locked`: on every core the least allowed clock is the highest, and turbo does not add to it."""
        lowest, highest = self._cpufreq_mhz("scaling_min_freq"), self._cpufreq_mhz("scaling_max_freq")
        if not lowest or not highest:
            return "unknown"
        no_turbo = _text(self._cpu / "intel_pstate" / "no_turbo").strip()
        boost = _text(self._cpu / "cpufreq" / "boost").strip()
        turbo = no_turbo == "0" or boost == "1"
        return "locked" if lowest == highest and not turbo else "floating"

    def _cpufreq_mhz(self, name: str) -> dict[str, float]:
        clocks = {core: _number(path / "cpufreq" / name) for core, path in self._cores.items()}
        return {core: khz / KHZ_PER_MHZ for core, khz in clocks.items() if khz}

    def _cpuinfo_mhz(self) -> dict[str, float]:
        clocks: dict[str, float] = {}
        core = ""
        for line in _text(self._cpuinfo).splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "processor":
                core = f"cpu{value.strip()}"
            elif name.strip() == "cpu MHz":
                clocks[core] = float(value)
        return clocks


def _text(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text()
    return ""


def _number(path: Path) -> float | None:
    """A file's one number; None where it cannot be read or is no number (cpufreq writes `<unknown>` for a core that sleeps)."""
    with contextlib.suppress(ValueError):
        return float(_text(path))
    return None
