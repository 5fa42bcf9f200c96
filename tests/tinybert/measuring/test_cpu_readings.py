"""Clocks, throttle counters and quotas of a machine made of files: the real one cannot be heated or slowed down by a test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.tinybert.measuring.machine import Machine
from tinybert.measuring.cpu_clocks import CpuClocks
from tinybert.measuring.cpu_readings import CpuReader, CpuReading, read_times
from tinybert.measuring.looks import Look, Stretch
from tinybert.measuring.process_tree import ProcessTree


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    machine.times((0, 0, 0), (0, 0, 0))
    return machine


def reader(machine: Machine) -> CpuReader:
    return CpuReader(machine.proc, machine.sys, ProcessTree(10))


def stretch(*readings: CpuReading, seconds: float = 2) -> Stretch:
    """The readings at even intervals."""
    step_ns = int(seconds * 1e9) // (len(readings) - 1)
    return Stretch([Look(number * step_ns, reading) for number, reading in enumerate(readings)])


def test_load_that_is_not_ours(machine: Machine) -> None:
    machine.process(10, parent=1, own_s=0)
    machine.process(70, parent=1, own_s=50, name="indexer")
    machine.process(71, parent=1, own_s=500, name="long ago")
    cpu = reader(machine)
    before = cpu.read()
    machine.times((2, 0, 0), (1, 1, 0))
    machine.process(10, parent=1, own_s=2)
    machine.process(70, parent=1, own_s=51, name="indexer")
    seen = stretch(before, cpu.read())
    assert seen.foreign_cores == pytest.approx(0.5)
    assert seen.foreign_name == "indexer"
    assert seen.busy_share == pytest.approx(0.75)
    assert seen.stolen_share == 0


def test_no_name_for_load_out_of_sight(machine: Machine) -> None:
    machine.process(70, parent=1, own_s=50, name="shell")
    cpu = reader(machine)
    before = cpu.read()
    machine.times((2, 0, 0), (2, 0, 0))
    machine.process(70, parent=1, own_s=50.05, name="shell")
    seen = stretch(before, cpu.read())
    assert seen.foreign_cores == pytest.approx(2)
    assert seen.foreign_name == ""


def test_time_stolen_by_the_hypervisor(machine: Machine) -> None:
    cpu = reader(machine)
    before = cpu.read()
    machine.times((1, 0.5, 0.5), (0, 2, 0))
    assert stretch(before, cpu.read()).stolen_share == pytest.approx(0.125)


def test_waiting_for_a_disk_is_not_work(machine: Machine) -> None:
    machine.write_proc("stat", "cpu 100 20 30 400 500 6 7 8 90 10")
    times = read_times(machine.proc)["cpu"]
    ticks = os.sysconf("SC_CLK_TCK")
    assert round(times.busy_s * ticks) == 100 + 20 + 30 + 6 + 7
    assert round(times.total_s * ticks) == 100 + 20 + 30 + 400 + 500 + 6 + 7 + 8


def test_clock_of_the_busy_cores(machine: Machine) -> None:
    machine.times((0, 0, 0), (0, 0, 0), (0, 0, 0))
    machine.clocks(800, 800, 800)
    cpu = reader(machine)
    assert cpu.read().clock_mhz is None
    machine.times((1, 0, 0), (1, 0, 0), (0, 1, 0))
    machine.clocks(3000, 2000, 800)
    assert cpu.read().clock_mhz == 2500
    machine.times((1, 1, 0), (1, 1, 0), (0, 2, 0))
    assert cpu.read().clock_mhz is None


def test_clock_by_cpuinfo(machine: Machine) -> None:
    machine.write_proc("cpuinfo", "processor\t: 0\ncpu MHz\t\t: 2596.142\n\nprocessor\t: 1\ncpu MHz\t\t: 2000.5")
    assert CpuClocks(machine.proc, machine.sys).now_mhz() == {"cpu0": 2596.142, "cpu1": 2000.5}


@pytest.mark.parametrize(
    ("path", "text", "mhz"),
    [
        ("sys/devices/system/cpu/cpu0/cpufreq/base_frequency", "2100000", 2100),
        ("sys/devices/system/cpu/cpu0/acpi_cppc/nominal_freq", "2450", 2450),
        ("sys/devices/system/cpu/cpu0/acpi_cppc/nominal_freq", "0", None),
        ("proc/cpuinfo", "model name\t: Intel(R) Xeon(R) CPU @ 2.20GHz", 2200),
        ("proc/cpuinfo", "model name\t: AMD EPYC", None),
    ],
)
def test_nominal_clock(machine: Machine, path: str, text: str, mhz: float | None) -> None:
    machine.write_sys("devices/system/cpu/cpu0/online", 1)
    machine.write_sys(f"../{path}", text)
    assert CpuClocks(machine.proc, machine.sys).nominal_mhz() == mhz


@pytest.mark.parametrize(
    ("lowest", "no_turbo", "state"),
    [(800_000, 1, "floating"), (2_000_000, 1, "locked"), (2_000_000, 0, "floating")],
)
def test_clock_state(machine: Machine, lowest: int, no_turbo: int, state: str) -> None:
    machine.write_sys(f"{machine.cpu}/cpu0/cpufreq/scaling_min_freq", lowest)
    machine.write_sys(f"{machine.cpu}/cpu0/cpufreq/scaling_max_freq", 2_000_000)
    machine.write_sys(f"{machine.cpu}/intel_pstate/no_turbo", no_turbo)
    machine.write_sys(f"{machine.cpu}/cpu0/cpufreq/scaling_governor", "performance")
    clocks = CpuClocks(machine.proc, machine.sys)
    assert clocks.state() == state
    assert clocks.governors() == ("performance",)


def test_clock_state_without_cpufreq(machine: Machine) -> None:
    assert CpuClocks(machine.proc, machine.sys).state() == "unknown"


def test_thermal_throttling(machine: Machine) -> None:
    machine.write_sys(f"{machine.cpu}/cpu0/thermal_throttle/core_throttle_count", 7)
    machine.write_sys(f"{machine.cpu}/cpu1/thermal_throttle/core_throttle_count", 0)
    machine.write_sys(f"{machine.cpu}/cpu0/thermal_throttle/package_throttle_count", 9)
    cpu = reader(machine)
    before = cpu.read()
    assert stretch(before, cpu.read()).throttles == ()
    machine.write_sys(f"{machine.cpu}/cpu1/thermal_throttle/core_throttle_count", 1)
    assert stretch(before, cpu.read()).throttles == ("CPU core too hot",)


@pytest.mark.parametrize(
    ("membership", "file", "field", "per_s"),
    [
        ("0::/", "cpu.stat", "throttled_usec", 10**6),
        ("0::/jobs/ours", "jobs/ours/cpu.stat", "throttled_usec", 10**6),
        ("0::/jobs/ours", "jobs/cpu.stat", "throttled_usec", 10**6),
        ("3:memory:/a\n4:cpu,cpuacct:/docker/1f", "cpu,cpuacct/cpu.stat", "throttled_time", 10**9),
        ("4:cpu:/docker/1f", "cpu/docker/1f/cpu.stat", "throttled_time", 10**9),
    ],
)
def test_held_back_by_a_quota(machine: Machine, membership: str, file: str, field: str, per_s: int) -> None:
    machine.write_proc("self/cgroup", membership)
    machine.write_sys(f"fs/cgroup/{file}", f"nr_periods 5\n{field} {3 * per_s}")
    cpu = reader(machine)
    before = cpu.read()
    machine.write_sys(f"fs/cgroup/{file}", f"nr_periods 9\n{field} {5 * per_s + per_s // 2}")
    assert stretch(before, cpu.read()).cgroup_throttled_s == pytest.approx(2.5)


def test_quota_of_another_group_is_not_ours(machine: Machine) -> None:
    machine.write_proc("self/cgroup", "0::/jobs/ours")
    machine.write_sys("fs/cgroup/jobs/theirs/cpu.stat", "throttled_usec 1")
    assert reader(machine).read().cgroup_throttled_s is None


def test_swapping(machine: Machine) -> None:
    machine.write_proc("vmstat", "pgpgin 1\npswpin 40\npswpout 2")
    cpu = reader(machine)
    before = cpu.read()
    machine.write_proc("vmstat", "pgpgin 1\npswpin 47\npswpout 2")
    assert stretch(before, cpu.read()).swapped_in_pages == 7


def test_machine_that_tells_nothing(tmp_path: Path) -> None:
    cpu = CpuReader(tmp_path / "proc", tmp_path / "sys", ProcessTree(10))
    seen = stretch(cpu.read(), cpu.read())
    assert (seen.foreign_cores, seen.stolen_share, seen.busy_share, seen.swapped_in_pages) == (None, None, None, None)
    assert (seen.foreign_name, seen.throttles, seen.cgroup_throttled_s) == ("", (), 0)
