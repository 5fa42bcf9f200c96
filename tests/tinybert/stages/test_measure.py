"""The stage measure for real: fresh processes, pytest-benchmark, the watch and the verdicts, on tiny models."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.tinybert.tiny import OPTIONS, STUDENT, TEACHER, Project, finish, read_result, start
from tinybert import engine as E
from tinybert.model.config import BertConfig
from tinybert.model.shapes import count_parameters
from tinybert.stages.measure import SCRATCH

STUDENT_CONFIG = BertConfig(**STUDENT, vocab_size=TEACHER.vocab_size, max_positions=TEACHER.max_positions)
TIMING = {
    "status", "reasons", "median", "interval", "p90", "p99", "minimum", "variation", "calls", "rounds", "outliers", "round_medians",
    "attempts", "detectable_change",
}  # fmt: skip


@pytest.fixture(scope="module")
def result(project: Project) -> dict[str, Any]:
    project.need("prepare", "teacher", "distill", "measure")
    return read_result(project.root / "measure")


def test_every_cell_is_timed_in_every_round(result: dict[str, Any]) -> None:
    details = result["details"]
    cells = {(each["model"], each["batch_size"], each["length"]) for each in details["forward"]}
    assert cells == {
        (model, size, length) for model in ("teacher", "student") for size in (1, 8) for length in (16, "real")
    }
    for each in details["forward"]:
        timing = each["timing"]
        assert timing.keys() == TIMING
        assert (timing["rounds"], len(timing["round_medians"]), len(each["first_call_ms"])) == (2, 2, 2)
        assert timing["calls"] >= 2 * 3
        assert 0 < timing["minimum"] <= timing["median"]
        assert timing["interval"][0] <= timing["median"] <= timing["interval"][1]
        assert each["rows_per_s"] > 0 and 0 < each["share_of_peak"] < 1.1
        assert timing["status"] == "valid" or timing["reasons"]
    order = details["protocol"]["order"]
    assert all(sorted(each) == ["student engine float32", "teacher engine float32"] for each in order[:2])


def test_raw_samples_are_kept_and_judged(project: Project, result: dict[str, Any]) -> None:
    samples = json.loads((project.root / "measure" / "samples.json").read_text())
    for each in samples["forward"]:
        model, runtime, precision = each["subject"].split()
        (cell,) = (
            cell
            for cell in result["details"]["forward"]
            if (cell["model"], cell["batch_size"], cell["length"]) == (model, each["batch_size"], each["length"])
        )
        assert (runtime, precision) == (cell["runtime"], cell["precision"])
        medians = [np.median(calls) for calls in each["rounds_ms"]]
        assert cell["timing"]["round_medians"] == pytest.approx(medians)
        assert cell["timing"]["median"] == pytest.approx(np.median(medians))
        total_s = sum(map(sum, each["rounds_ms"])) / 1e3
        assert cell["rows_per_s"] == pytest.approx(each["batch_size"] * cell["timing"]["calls"] / total_s)


def test_a_ratio_stands_only_between_valid_timings(result: dict[str, Any]) -> None:
    forward = {
        (each["model"], each["batch_size"], each["length"]): each["timing"] for each in result["details"]["forward"]
    }
    expected = {
        (size, length)
        for size in (1, 8)
        for length in (16, "real")
        if all(forward[model, size, length]["status"] == "valid" for model in ("teacher", "student"))
    }
    found = {(each["batch_size"], each["length"]): each for each in result["details"]["speedups"]}
    assert found.keys() == expected
    for place, each in found.items():
        ratio = forward[("teacher", *place)]["median"] / forward[("student", *place)]["median"]
        assert each["ratio"]["ratio"] == pytest.approx(ratio)


def test_dataset_passes_see_every_row(result: dict[str, Any]) -> None:
    assert result["details"]["protocol"]["rows"] == 32
    for model in result["details"]["models"].values():
        assert len(model["dataset_pass_s"]) == 2 and len(model["first_pass_s"]) == 1 and len(model["load_s"]) == 2
        assert all(seconds > 0 for seconds in [*model["dataset_pass_s"], *model["first_pass_s"], *model["load_s"]])
        assert model["dataset_pass"]["median"] == pytest.approx(np.median(model["dataset_pass_s"]))


def test_parameters_are_those_of_the_files(project: Project, result: dict[str, Any]) -> None:
    models = result["details"]["models"]
    for role, stage, config in (("teacher", "teacher", TEACHER), ("student", "distill", STUDENT_CONFIG)):
        path = project.root / stage / "model" / "model.safetensors"
        sizes = {name: array.size for name, array in load_file(path).items()}
        assert models[role]["parameters"]["serving"] == sum(sizes.values())
        encoder = sum(size for name, size in sizes.items() if name.startswith("bert."))
        assert models[role]["parameters"]["encoder"] == encoder == count_parameters(config)["encoder"]
        assert result["metrics"][f"{role}_parameters"] == encoder
        assert models[role]["disk_bytes"] == path.stat().st_size
    assert models["student"]["parameters"]["projection"] == 24 * 32 + 32
    assert models["teacher"]["parameters"]["projection"] == 0


def test_the_timed_path_predicts_what_evaluation_does(project: Project, result: dict[str, Any]) -> None:
    project.need("evaluate")
    evaluated = read_result(project.root / "evaluate")["metrics"]
    for each in result["details"]["subjects"]:
        assert each["score"] == evaluated[f"{each['model']}_accuracy"]
        assert each["agreement"] == 1
        assert each["host_peak_bytes"] > each["host_before_bytes"] > 0
    assert result["details"]["protocol"]["synchronization"]["proved"]
    assert {each["what"] for each in result["details"]["absent"]} >= {"device memory"}


def test_pytest_benchmark_compares_the_file(project: Project, result: dict[str, Any]) -> None:
    path = project.root / "measure" / "benchmark.json"
    command = [sys.executable, "-m", "pytest_benchmark", "compare", str(path), "--columns=median,rounds"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=project.root)
    assert done.returncode == 0, done.stderr
    for cell in result["details"]["forward"]:
        length = "real" if cell["length"] == "real" else f"padded{cell['length']}"
        name = f"forward[{cell['model']}-engine-float32-batch{cell['batch_size']}-{length}]"
        (line,) = (line for line in done.stdout.splitlines() if line.startswith(name))
        assert line.split()[-1] == str(cell["timing"]["calls"])


def test_a_killed_stage_leaves_no_process_and_repeats_no_finished_one(project: Project, tmp_path: Path) -> None:
    project.need("prepare", "teacher", "distill")
    out = tmp_path / "measure"
    command = project.command("measure", out)
    process = start(command)
    assert process.stdout is not None
    for line in process.stdout:
        if '"done": 1,' in line:
            break
    (kept,) = list((out / SCRATCH).glob("*/facts.json"))[:1]
    written_ns = kept.stat().st_mtime_ns
    process.kill()
    process.communicate()
    deadline_s = time.monotonic() + 20
    while any(str(out) in Path(f"/proc/{pid}/cmdline").read_text() for pid in _measuring()):
        assert time.monotonic() < deadline_s, "a measuring process outlived its stage"
        time.sleep(0.05)
    again = start(command)
    assert again.stdout is not None
    for line in again.stdout:
        if '"done": 1,' in line:
            break
    assert kept.stat().st_mtime_ns == written_ns
    again.send_signal(signal.SIGTERM)
    stopped = finish(again)
    assert stopped.code == 143
    assert "run the same command again to resume" in stopped.error
    assert kept.is_file() and not (out / "result.json").exists()


def test_shapes_alone_can_be_measured(project: Project, tmp_path: Path) -> None:
    project.need("prepare")
    models = [{"name": "Narrow", "role": "student", "shape": STUDENT | {"layers": 1}}]
    cells = [
        {"runtime": runtime, "precision": "float32", "batch_sizes": [4], "lengths": [16]}
        for runtime in ("engine", "onnxruntime")
    ]
    forward = OPTIONS["measure"]["forward"] | {"cells": cells}
    result = project.run("measure", tmp_path / "m", options={"models": models, "forward": forward})
    details = result["details"]
    counted = count_parameters(BertConfig(**STUDENT | {"layers": 1}, vocab_size=30522))
    assert details["models"]["Narrow"]["parameters"] == counted | {"projection": 0}
    subjects = {(each["model"], each["runtime"]): each for each in details["subjects"]}
    assert all(each["agreement"] == 1 and each["score"] is None for each in subjects.values())
    if E.NAME == "torch":
        assert {runtime for _, runtime in subjects} == {"engine", "onnxruntime"}
    else:
        assert {runtime for _, runtime in subjects} == {"engine"}
        absent = {each["what"]: each["why"] for each in details["absent"]}
        assert "PyTorch's environment" in absent["Narrow onnxruntime float32"]


def _measuring() -> list[int]:
    pids = []
    for path in Path("/proc").iterdir():
        try:
            if path.name.isdigit() and "tinybert.measuring.round" in (path / "cmdline").read_text():
                pids.append(int(path.name))
        except OSError:
            continue
    return [pid for pid in pids if pid != os.getpid()]
