from __future__ import annotations

import io
import time
from pathlib import Path

import pytest
from rich.console import Console

from harness.doctor import examine, print_doctor, verdicts
from harness.errors import ExitCode
from harness.resolve import checks
from harness.resolve.checks import Check
from harness.resolve.device import Gpu
from tests.harness.resolve import servers

A100 = Gpu(0, "A100", (8, 0), 80 << 30, "580.65", (13, 0))
H100 = Gpu(0, "H100", (9, 0), 80 << 30, "580.65", (13, 0))
NAMES = (
    "oneflow environment",
    "torch environment",
    "memory",
    "disk for runs",
    "disk for the cache",
    "GLUE download",
    "Hugging Face hub",
    "data",
)


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TINYBENCH_GLUE_URL", f"http://127.0.0.1:{servers.closed_port()}")
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{servers.closed_port()}")
    monkeypatch.setenv("TINYBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.delenv("DATA_ROOT", raising=False)


def found(name: str) -> Check:
    (check,) = [check for check in examine() if check.name == name]
    return check


def findings(**status: str) -> list[Check]:
    """All is well but what `status` names (an underscore for a space)."""
    changed = {name.replace("_", " "): value for name, value in status.items()}
    assert set(changed) <= set(NAMES)
    return [Check(name, changed.get(name, "ok"), "found") for name in NAMES]  # type: ignore[arg-type]


def test_every_problem_comes_with_what_to_do_about_it() -> None:
    for check in examine():
        assert check.finding
        assert check.status == "ok" or check.remedy, check


def test_it_makes_nothing(tmp_path: Path) -> None:
    examine()
    assert list(tmp_path.iterdir()) == []


def test_servers_that_hang_cost_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    with servers.serve(servers.hang(None, 12)) as url:
        monkeypatch.setenv("TINYBENCH_GLUE_URL", url)
        monkeypatch.setenv("HF_ENDPOINT", url)
        start_s = time.monotonic()
        status = {check.name: check.status for check in examine()}
        assert time.monotonic() - start_s < 10
    assert status["GLUE download"] == status["Hugging Face hub"] == "warn"


def test_a_server_that_answers_is_reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    with servers.serve(servers.give(b"zip")) as url:
        monkeypatch.setenv("TINYBENCH_GLUE_URL", url)
        assert found("GLUE download").status == "ok"


def test_a_broken_data_root_keeps_the_bench_from_running(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATA_ROOT", str(tmp_path / "absent"))
    assert found("data").status == "missing"
    output = io.StringIO()
    assert print_doctor(Console(file=output, width=200)) == ExitCode.INFRASTRUCTURE
    assert "cannot run make bench TASK=SST-2" in output.getvalue()


def test_a_full_disk_keeps_the_bench_from_running(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "RUN_BYTES", 1 << 62)
    assert found("disk for runs").status == "missing"


def test_no_python_for_oneflow_leaves_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    result = {verdict.what: verdict for verdict in verdicts(findings(oneflow_environment="missing"), ())}
    assert result["make bench TASK=SST-2 (torch)"].possible
    assert not result["ENGINE=oneflow DEVICE=cpu"].possible


@pytest.mark.parametrize(
    ("gpus", "possible"),
    [
        ((), {"ENGINE=oneflow DEVICE=cuda": False, "ENGINE=torch DEVICE=cuda": False, "PROFILE=full": False}),
        ((A100,), {"ENGINE=oneflow DEVICE=cuda": True, "ENGINE=torch DEVICE=cuda": True, "PROFILE=full": True}),
        ((H100,), {"ENGINE=oneflow DEVICE=cuda": False, "ENGINE=torch DEVICE=cuda": True, "PROFILE=full": True}),
    ],
)
def test_what_a_gpu_makes_possible(gpus: tuple[Gpu, ...], possible: dict[str, bool]) -> None:
    result = {verdict.what: verdict for verdict in verdicts(findings(), gpus)}
    assert {what: result[what].possible for what in possible} == possible
    if gpus == (H100,):
        assert result["ENGINE=oneflow DEVICE=cuda"].why == "OneFlow 0.9.0 has no code for sm_90 (H100)"


def test_offline_runs_the_sample_and_not_the_full_profile() -> None:
    offline = findings(data="warn", GLUE_download="warn", Hugging_Face_hub="warn")
    result = {verdict.what: verdict for verdict in verdicts(offline, (A100,))}
    assert result["make bench TASK=SST-2 (oneflow)"].possible
    assert "DATA_ROOT" in result["PROFILE=full"].why
    assert "TEACHER=DIR" in result["PROFILE=full"].why
