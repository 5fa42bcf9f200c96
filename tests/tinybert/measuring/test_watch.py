"""The watch on the real machine, and on machines of files where the real one cannot be brought to show what is tested.

The bounds are wide: other work may run beside these tests.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tinybert.measuring.machine import Machine, busy_child, busy_stranger
from tests.tinybert.measuring.recorded_nvml import RecordedNvml
from tinybert.measuring import watch as watching
from tinybert.measuring.looks import Stretch
from tinybert.measuring.watch import Watch, host_bytes, peak_host_bytes

pytestmark = pytest.mark.skipif(not Path("/proc/stat").exists(), reason="the watch reads Linux' /proc")

BY_HAND_S = 3600
"""A period after which no test is still running: looks are taken when they are asked for."""


@pytest.fixture
def short_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "QUIET_S", 0.05)


def window(seconds: float) -> tuple[int, int]:
    begin_ns = time.monotonic_ns()
    time.sleep(seconds)
    return begin_ns, time.monotonic_ns()


def between_looks(watch: Watch, change: Callable[[], None]) -> tuple[int, int]:
    """A window in which `change` happens to a machine of files."""
    watch._look()
    begin_ns = time.monotonic_ns()
    change()
    watch._look()
    return begin_ns, time.monotonic_ns()


def test_foreign_load_is_seen_and_named(short_quiet: None) -> None:
    with Watch("cpu") as watch, busy_stranger() as pid:
        name = Path(f"/proc/{pid}/comm").read_text().strip()
        seen = window(1.5)
        observed = watch.observed(*seen)
        looks = watch._window(*seen)
    assert observed.foreign_cores is not None
    assert observed.foreign_cores > 0.4
    used_s = Counter[tuple[int, str]]()
    for look in looks[1:]:
        used_s.update(look.cpu.foreign_s)
    assert used_s[pid, name] > 0.4
    # Something else on this machine may be busier still, and is named then.
    assert observed.foreign_name == max(used_s, key=lambda process: used_s[process])[1]


def test_load_of_a_child_is_ours(short_quiet: None) -> None:
    with Watch("cpu") as watch, busy_child() as pid:
        watch.follow(pid)
        seen = window(1.5)
        ours_s = watch._tree.total_s
        stretch = Stretch(watch._window(*seen))
    assert ours_s > 0.4
    assert stretch.busy_share is not None and stretch.foreign_cores is not None
    cores = os.cpu_count() or 1
    # Whatever else runs here is foreign; the child alone would be half a core and more.
    assert stretch.foreign_cores < stretch.busy_share * cores - 0.3


def test_short_lived_descendants_are_ours(short_quiet: None) -> None:
    task = "[sys.executable, '-S', '-c', 'sum(range(300_000))']"
    code = f"import subprocess, sys\nwhile True: subprocess.run({task}, check=True)"
    with Watch("cpu") as watch, busy_child(code) as pid:
        watch.follow(pid)
        seen = window(1.5)
        looks = watch._window(*seen)
    # They live for some hundredths of a second, a look comes every tenth: most of their time is seen when it is reaped.
    assert looks[-1].cpu.ours_s - looks[0].cpu.ours_s > 0.4


def test_load_before_the_child_starts() -> None:
    with busy_stranger(), Watch("cpu") as watch:
        busy_share = watch.observed(*window(0.1)).busy_before_share
    assert busy_share is not None
    assert busy_share > 0.3 / (os.cpu_count() or 1)


def test_looks_come_by_themselves_and_stop(short_quiet: None) -> None:
    with Watch("cpu", period_s=0.02) as watch:
        time.sleep(0.5)
    looks = watch.summary()["samples"]
    assert looks >= 5
    time.sleep(0.1)
    assert watch.summary()["samples"] == looks


def test_summary_of_the_real_machine(short_quiet: None) -> None:
    with Watch("cpu") as watch:
        window(1.2)
    summary = watch.summary()
    least, median, most = summary["foreign_cores"]
    assert 0 <= least <= median <= most
    assert {"clock_mhz", "power_w", "temperature_c", "throttle", "governors"} < set(summary)
    assert all(entry["what"] and entry["why"] for entry in watch.absent())


def test_a_mistake_in_the_thread_reaches_the_caller(tmp_path: Path, short_quiet: None) -> None:
    machine = Machine(tmp_path)
    machine.times((0, 0, 0))
    with Watch("cpu", machine.proc, machine.sys, period_s=0.01) as watch:
        machine.write_proc("stat", "cpu many")
        time.sleep(0.3)
        with pytest.raises(ValueError, match="many"):
            watch.summary()
        machine.times((1, 0, 0))


def test_clock_that_falls_in_a_window(tmp_path: Path, short_quiet: None) -> None:
    machine = Machine(tmp_path)
    machine.times((0, 0, 0), (0, 0, 0))
    machine.clocks(2500, 2500)
    machine.write_sys(f"{machine.cpu}/cpu0/thermal_throttle/core_throttle_count", 0)
    machine.write_proc("self/cgroup", "0::/")
    machine.write_sys("fs/cgroup/cpu.stat", "throttled_usec 100")

    def fine() -> None:
        machine.times((1, 0, 0), (1, 0, 0))

    def slow() -> None:
        machine.times((2, 0, 0), (2, 0, 0))
        machine.clocks(1200, 1200)
        machine.write_sys(f"{machine.cpu}/cpu0/thermal_throttle/core_throttle_count", 4)
        machine.write_sys("fs/cgroup/cpu.stat", "throttled_usec 250100")

    with Watch("cpu", machine.proc, machine.sys, period_s=BY_HAND_S) as watch:
        first = watch.observed(*between_looks(watch, fine))
        second = watch.observed(*between_looks(watch, slow))
        summary = watch.summary()
    assert (first.clock_mhz_lowest, first.throttle_reasons, first.cgroup_throttled_s) == (2500, (), 0)
    assert (second.clock_mhz_lowest, second.clock_mhz_reference) == (1200, 2500)
    assert second.throttle_reasons == ("CPU core too hot",)
    assert second.cgroup_throttled_s == pytest.approx(0.25)
    assert summary["clock_mhz"] == [1200, 1850, 2500]
    assert summary["throttle"] == ["CPU core too hot"]


def test_energy_beyond_idling(tmp_path: Path, short_quiet: None) -> None:
    machine = Machine(tmp_path)
    domain = "class/powercap/intel-rapl:0"
    machine.write_sys(f"{domain}/name", "package-0")
    machine.write_sys(f"{domain}/max_energy_range_uj", 10**12)
    machine.write_sys(f"{domain}/energy_uj", 0)
    with Watch("cpu", machine.proc, machine.sys, period_s=BY_HAND_S) as watch:
        begin_ns, end_ns = between_looks(watch, lambda: machine.write_sys(f"{domain}/energy_uj", 50_000_000))
        drawn_j = watch.energy_j(begin_ns, end_ns)
        nothing_j = watch.energy_j(*between_looks(watch, lambda: None))
    assert drawn_j is not None
    assert 0 < drawn_j <= 50
    assert nothing_j is None
    assert "energy" not in {entry["what"] for entry in watch.absent()}


def test_what_is_absent_has_a_reason(tmp_path: Path, short_quiet: None) -> None:
    machine = Machine(tmp_path)
    with Watch("cpu", machine.proc, machine.sys, period_s=BY_HAND_S) as watch:
        seen = window(0.01)
        observed, energy_j, peak = watch.observed(*seen), watch.energy_j(*seen), watch.device_peak_bytes(*seen)
    assert observed == watching.Observed()
    assert (energy_j, peak, watch.clocks()) == (None, None, "unknown")
    assert {entry["what"]: entry["why"] for entry in watch.absent()} == {
        "device memory": "the device is a CPU, its memory is the host's",
        "clock": "neither cpufreq nor /proc/cpuinfo shows it, or no core was busy",
        "thermal throttling": "the kernel has no throttle counters here (a virtual machine, or not x86)",
        "energy": "no RAPL counters on this machine",
        "load of the machine": "there is no /proc/stat",
        "throttling by CPU quota": "no cpu.stat of this process' control group counts it",
        "clock state": "neither cpufreq nor NVML tells whether clocks are locked",
    }


class OnGpu:
    """A watch on a recorded GPU (see recorded_nvml) with this very process as the one that is timed."""

    def __init__(self, tmp_path: Path) -> None:
        self.machine = Machine(tmp_path)
        self.machine.process(os.getpid(), parent=1, own_s=0)
        self.machine.process(4000, parent=1, own_s=0, name="trainer")
        self.nvml = RecordedNvml()
        self.nvml.run(sm_mhz=345, reasons=0x1)

    def watch(self) -> Watch:
        return Watch("cuda", self.machine.proc, self.machine.sys, self.nvml, period_s=BY_HAND_S)


@pytest.fixture
def on_gpu(tmp_path: Path, short_quiet: None, monkeypatch: pytest.MonkeyPatch) -> OnGpu:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return OnGpu(tmp_path)


def test_gpu_in_order(on_gpu: OnGpu) -> None:
    ours = os.getpid()
    with on_gpu.watch() as watch:
        seen = between_looks(watch, lambda: on_gpu.nvml.run(ours, used_bytes=1700 * 2**20))
        observed, peak = watch.observed(*seen), watch.device_peak_bytes(*seen)
    assert (observed.clock_mhz_lowest, observed.clock_mhz_reference) == (1410, 1095)
    assert (observed.throttle_reasons, observed.foreign_gpu_processes) == ((), ())
    assert peak == 1200 * 2**20
    assert watch.clocks() == "floating"
    assert watch.summary()["clock_mhz"] == [1410, 1410, 1410]
    assert {entry["what"] for entry in watch.absent()} == {"load of the machine", "throttling by CPU quota"}


def test_gpu_that_is_slowed_down_and_shared(on_gpu: OnGpu) -> None:
    ours = os.getpid()
    with on_gpu.watch() as watch:
        seen = between_looks(watch, lambda: on_gpu.nvml.run(ours, 4000, 4001, sm_mhz=700, reasons=0x48))
        observed = watch.observed(*seen)
    assert observed.throttle_reasons == ("hardware slowdown", "hardware thermal slowdown")
    assert observed.foreign_gpu_processes == ("pid 4001", "trainer")
    assert observed.clock_mhz_lowest == 700


def test_gpu_processes_of_another_numbering_are_not_foreign(on_gpu: OnGpu) -> None:
    with on_gpu.watch() as watch:
        observed = watch.observed(*between_looks(watch, lambda: on_gpu.nvml.run(4000, 31337)))
    assert observed.foreign_gpu_processes == ()
    reasons = {entry["what"]: entry["why"] for entry in watch.absent()}
    assert "in a container" in reasons["foreign GPU processes"]


def test_energy_of_a_gpu(on_gpu: OnGpu) -> None:
    on_gpu.nvml.answers["PowerUsage"] = 40_000

    def draw() -> None:
        on_gpu.nvml.answers["TotalEnergyConsumption"] += 90_000

    with on_gpu.watch() as watch:
        begin_ns, end_ns = between_looks(watch, draw)
        joules = watch.energy_j(begin_ns, end_ns)
    assert joules is not None
    # All 90 J fall between the two looks, which lie a moment outside the window's ends; 40 W of idling are less than that.
    assert 0 < joules < 90 - 40 * (end_ns - begin_ns) / 1e9


def test_no_gpu(tmp_path: Path, short_quiet: None) -> None:
    nvml = RecordedNvml()
    nvml.answers["driver"] = "Driver Not Loaded"
    machine = Machine(tmp_path)
    with Watch("cuda", machine.proc, machine.sys, nvml, period_s=BY_HAND_S) as watch:
        assert watch.observed(*window(0.01)) == watching.Observed()
    reasons: dict[str, Any] = {entry["what"]: entry["why"] for entry in watch.absent()}
    assert reasons["energy"] == reasons["device memory"] == "NVML: Driver Not Loaded"


def test_host_memory_of_this_process() -> None:
    code = (
        "from tinybert.measuring.host_memory import host_bytes, peak_host_bytes\n"
        "before = host_bytes()\n"
        "data = bytearray(b'x') * (64 << 20)\n"
        "held = host_bytes()\n"
        "del data\n"
        "print(before, held, host_bytes(), peak_host_bytes())"
    )
    output = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True, text=True).stdout
    before, held, after, peak = map(int, output.split())
    assert held - before > 60 << 20
    # The kernel adds its counters up a little late, so that the highest may fall short of what was read before.
    assert peak > max(after + (30 << 20), held - (4 << 20))


def test_host_memory_without_proc(tmp_path: Path) -> None:
    assert host_bytes(tmp_path) is None
    assert peak_host_bytes(tmp_path) > 1 << 20
