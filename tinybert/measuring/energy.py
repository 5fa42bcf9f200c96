"""Energy by counters: RAPL's of the processor packages, and what a stretch of work cost above idling."""

from __future__ import annotations

import contextlib
from pathlib import Path

UJ_PER_J = 1_000_000


class Rapl:
    """The package domains of Linux' powercap (`intel-rapl:N`, AMD's are called so too), added up.

    `absent` says why there is none, or is empty. Source: the kernel's Documentation/power/powercap/powercap.rst: `energy_uj`
    counts microjoules and starts again at 0 after `max_energy_range_uj`.
    """

    def __init__(self, proc: Path, sys: Path) -> None:
        self._last_uj: dict[Path, int] = {}
        self._range_uj: dict[Path, int] = {}
        self._total_uj = 0
        domains = sorted((sys / "class" / "powercap").glob("intel-rapl:*"))
        packages = [domain for domain in domains if _text(domain / "name").startswith("package")]
        self.absent = "" if packages else _why_none(proc)
        for domain in packages:
            try:
                self._last_uj[domain] = int((domain / "energy_uj").read_text())
                self._range_uj[domain] = int((domain / "max_energy_range_uj").read_text())
            except PermissionError:
                self.absent = "RAPL counters are not readable without root"
            except (OSError, ValueError) as error:
                self.absent = f"RAPL counters cannot be read ({error})"

    def joules(self) -> float | None:
        """Energy of all packages since this object was made; None if absent. Ask more often than a counter wraps (a minute)."""
        if self.absent:
            return None
        for domain, last_uj in self._last_uj.items():
            try:
                now_uj = int((domain / "energy_uj").read_text())
            except (OSError, ValueError) as error:
                self.absent = f"RAPL counters cannot be read any more ({error})"
                return None
            self._total_uj += now_uj - last_uj + (self._range_uj[domain] if now_uj < last_uj else 0)
            self._last_uj[domain] = now_uj
        return self._total_uj / UJ_PER_J


def above_idle_j(drawn_j: float, seconds: float, idle_w: float) -> float | None:
    """What the work cost: all that was drawn, less idle power for as long. None where that is nothing.

    A counter can stand still over a short stretch (NVML's is renewed every few tens of milliseconds), and the machine may draw
    as much when idle: no energy is no finding.
    """
    joules = drawn_j - idle_w * seconds
    return joules if drawn_j > 0 and joules > 0 else None


def _why_none(proc: Path) -> str:
    flags = [line.split() for line in _text(proc / "cpuinfo").splitlines() if line.startswith("flags")]
    if flags and "hypervisor" in flags[0]:
        return "no RAPL counters: a virtual machine hides them"
    return "no RAPL counters on this machine"


def _text(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text()
    return ""
