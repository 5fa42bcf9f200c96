"""RAPL's counters, given as files: few machines let a test read them, and none makes them wrap."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.tinybert.measuring.machine import Machine
from tinybert.measuring.energy import Rapl, above_idle_j


def write_domain(machine: Machine, number: str, name: str, energy_uj: int, range_uj: int = 262_143_328_850) -> None:
    folder = f"class/powercap/intel-rapl:{number}"
    machine.write_sys(f"{folder}/name", name)
    machine.write_sys(f"{folder}/energy_uj", energy_uj)
    machine.write_sys(f"{folder}/max_energy_range_uj", range_uj)


def test_packages_are_added_up_and_nothing_else(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    domains = {"0": "package-0", "1": "package-1", "0:0": "core", "2": "psys"}
    for number, name in domains.items():
        write_domain(machine, number, name, 1_000_000)
    rapl = Rapl(machine.proc, machine.sys)
    assert rapl.absent == ""
    assert rapl.joules() == 0
    for number, name in domains.items():
        write_domain(machine, number, name, 3_500_000)
    assert rapl.joules() == 5


def test_counter_that_starts_again(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    write_domain(machine, "0", "package-0", 9_000_000, range_uj=10_000_000)
    rapl = Rapl(machine.proc, machine.sys)
    write_domain(machine, "0", "package-0", 500_000, range_uj=10_000_000)
    assert rapl.joules() == 1.5
    write_domain(machine, "0", "package-0", 700_000, range_uj=10_000_000)
    assert rapl.joules() == 1.7


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        ("fpu hypervisor sse", "no RAPL counters: a virtual machine hides them"),
        ("fpu sse", "no RAPL counters on this machine"),
    ],
)
def test_no_counters(tmp_path: Path, flags: str, why: str) -> None:
    machine = Machine(tmp_path)
    machine.write_proc("cpuinfo", f"processor\t: 0\nflags\t\t: {flags}")
    rapl = Rapl(machine.proc, machine.sys)
    assert rapl.absent == why
    assert rapl.joules() is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_counters_for_root_alone(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    write_domain(machine, "0", "package-0", 1)
    (machine.sys / "class/powercap/intel-rapl:0/energy_uj").chmod(0)
    rapl = Rapl(machine.proc, machine.sys)
    assert rapl.absent == "RAPL counters are not readable without root"
    assert rapl.joules() is None


def test_counter_that_cannot_be_read_any_more(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    write_domain(machine, "0", "package-0", 1)
    rapl = Rapl(machine.proc, machine.sys)
    machine.write_sys("class/powercap/intel-rapl:0/energy_uj", "none")
    assert rapl.joules() is None
    assert rapl.absent.startswith("RAPL counters cannot be read any more")


def test_energy_above_idle() -> None:
    assert above_idle_j(100.0, seconds=2.0, idle_w=20.0) == 60.0


@pytest.mark.parametrize("drawn_j", [0.0, 39.0])
def test_no_energy_is_no_finding(drawn_j: float) -> None:
    assert above_idle_j(drawn_j, seconds=2.0, idle_w=20.0) is None
