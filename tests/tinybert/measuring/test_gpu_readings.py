"""Which GPU is looked at, and what is made of NVML's answers. A recorded stand-in answers: no machine of these tests has a GPU."""

from __future__ import annotations

import pytest

from tests.tinybert.measuring.recorded_nvml import RecordedNvml
from tinybert.measuring.gpu_readings import Gpu, GpuReading, clock_state, visible_indices

UUIDS = ["GPU-1a", "GPU-1b", "GPU-2c"]


@pytest.fixture(autouse=True)
def no_selection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("CUDA_DEVICE_ORDER", raising=False)


@pytest.mark.parametrize(
    ("selection", "indices"),
    [("2,0", [2, 0]), ("GPU-2", [2]), ("GPU-1", []), ("0,9,1", [0]), ("", []), ("-1", []), (" 1 , GPU-1a", [1, 0])],
)
def test_selection(selection: str, indices: list[int]) -> None:
    assert visible_indices(selection, UUIDS) == indices


@pytest.mark.parametrize(
    ("device", "selection", "handle"),
    [("cuda", None, 0), ("cuda:1", None, 1), ("cuda", "1", 1), ("cuda:1", "1,0", 0), ("cuda", "GPU-11", 1)],
)
def test_device_is_found(device: str, selection: str | None, handle: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if selection is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", selection)
    nvml = RecordedNvml("A100", "A100")
    gpu = Gpu(device, nvml)
    assert gpu.absent == ""
    gpu.read()
    assert nvml.asked == handle


def test_device_that_is_not_there() -> None:
    assert "no whole GPU is CUDA device 3" in Gpu("cuda:3", RecordedNvml()).absent


def test_gpus_of_several_kinds_have_no_sure_number(monkeypatch: pytest.MonkeyPatch) -> None:
    nvml = RecordedNvml("T4", "A100")
    assert "GPUs of several kinds" in Gpu("cuda", nvml).absent
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    assert Gpu("cuda", nvml).absent == ""
    monkeypatch.delenv("CUDA_DEVICE_ORDER")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-11")
    assert Gpu("cuda", nvml).absent == ""


def test_no_driver() -> None:
    nvml = RecordedNvml()
    nvml.answers["driver"] = "Driver Not Loaded"
    assert Gpu("cuda", nvml).absent == "NVML: Driver Not Loaded"


def test_units() -> None:
    gpu = Gpu("cuda", RecordedNvml())
    assert (gpu.base_mhz, gpu.max_mhz) == (1095, 1410)
    assert gpu.read() == GpuReading(
        sm_mhz=1410,
        memory_mhz=1593,
        power_w=60,
        temperature_c=41,
        reasons=0,
        used_bytes=500 * 2**20,
        energy_j=1000,
        pids=frozenset(),
    )


def test_what_a_gpu_does_not_tell_is_none() -> None:
    nvml = RecordedNvml()
    nvml.answers.clear()
    gpu = Gpu("cuda", nvml)
    assert (gpu.base_mhz, gpu.max_mhz) == (None, None)
    assert set(vars(gpu.read()).values()) == {None}


def test_old_driver_knows_throttle_reasons() -> None:
    nvml = RecordedNvml()
    nvml.answers["CurrentClocksThrottleReasons"] = nvml.answers.pop("CurrentClocksEventReasons") | 0x40
    assert Gpu("cuda", nvml).read().faults == ("hardware thermal slowdown",)


@pytest.mark.parametrize(
    ("reasons", "faults"),
    [
        (0x1, ()),
        (0x2, ()),
        (0x110, ()),
        (0x4, ("software power cap",)),
        (0x88, ("hardware slowdown", "hardware power brake")),
        (0x20, ("software thermal slowdown",)),
    ],
)
def test_faults(reasons: int, faults: tuple[str, ...]) -> None:
    nvml = RecordedNvml()
    nvml.run(reasons=reasons)
    assert Gpu("cuda", nvml).read().faults == faults


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        ([(345, 0x1), (1410, 0x0)], "floating"),  # idle, then boosted
        ([(345, 0x1), (1095, 0x2)], "locked"),  # by applications clocks
        ([(1095, 0x0), (1095, 0x0)], "locked"),  # by --lock-gpu-clocks: no idling seen
        ([(1410, 0x0), (1410, 0x0)], "floating"),  # at the top
        ([(1095, 0x4), (1095, 0x4)], "floating"),  # held by the power cap
        ([], "unknown"),
    ],
)
def test_clock_state(seen: list[tuple[int, int]], state: str) -> None:
    nvml = RecordedNvml()
    gpu = Gpu("cuda", nvml)
    readings = []
    for sm_mhz, reasons in seen:
        nvml.run(sm_mhz=sm_mhz, reasons=reasons)
        readings.append(gpu.read())
    assert clock_state(readings, gpu.max_mhz) == state
