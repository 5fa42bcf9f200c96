from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from harness.resolve.device import core_count, cpu, visible_gpus, visible_indices

UUIDS = ["GPU-aaaa-1", "GPU-bbbb-2", "GPU-bbcc-3"]


@pytest.mark.parametrize(
    ("selection", "indices"),
    [
        ("0", [0]),
        ("2,0", [2, 0]),
        (" 1 , 2", [1, 2]),
        ("", []),
        ("-1", []),
        ("0,-1,1", [0]),
        ("7,0", []),
        ("GPU-aa", [0]),
        ("GPU-bbbb,GPU-aaaa-1", [1, 0]),
        ("GPU-bb", []),
        ("nonsense", []),
    ],
)
def test_cuda_visible_devices(selection: str, indices: list[int]) -> None:
    """As CUDA reads it (CUDA C++ Programming Guide, environment variables): cut at the first that names no GPU."""
    assert visible_indices(selection, UUIDS) == indices


def test_hidden_gpus_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert visible_gpus() == ()


def test_cpu_of_this_machine() -> None:
    found = cpu()
    assert found.name
    if Path("/proc/cpuinfo").is_file():
        assert found.flags


def test_cpu_without_cpuinfo(tmp_path: Path) -> None:
    assert cpu(tmp_path / "absent").flags == frozenset()


def test_core_count_is_the_affinity_where_no_quota_holds(tmp_path: Path) -> None:
    assert core_count(tmp_path) == len(psutil.Process().cpu_affinity() or [])


def test_core_count_obeys_affinity() -> None:
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert core_count() == 1
    finally:
        os.sched_setaffinity(0, allowed)


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"cpu.max": "100000 100000"}, 1),
        ({"cpu.max": "150000 100000"}, 2),
        ({"cpu.max": "1000 100000"}, 1),
        ({"cpu.max": "max 100000"}, 8),
        ({"cpu.max": "900000 100000"}, 8),
        ({"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"}, 3),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 8),
        ({"cpu.max": "damaged"}, 8),
    ],
)
def test_core_count_obeys_the_containers_quota(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], cores: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)))
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content + "\n")
    assert core_count(tmp_path) == cores
