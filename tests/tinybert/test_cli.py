"""The command as the harness runs it: exit codes, events, and what a failure leaves."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tinybert.tiny import ROOT, Finished, Project, command, finish, read_result, start, write_spec
from tinybert import engine as E
from tinybert.engine_choice import ENGINES
from tinybert.errors import BAD_INPUT, INFRASTRUCTURE


def run(arguments: list[str], before: Callable[[], None] | None = None) -> Finished:
    return finish(start(arguments, before))


def limit_files_to(size_bytes: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, size_bytes))


def test_help_shows_examples_and_exit_codes() -> None:
    process = start([sys.executable, "-m", "tinybert", "--help"])
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0
    assert stderr == ""
    assert "examples:" in stdout
    assert "exit codes: 0 done, 2 bad input" in stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required"),
        (["tech", "--spec", "s", "--out", "o"], "invalid choice: 'tech'"),
    ],
)
def test_usage(arguments: list[str], message: str) -> None:
    finished = run([sys.executable, "-m", "tinybert", *arguments])
    assert finished.code == BAD_INPUT
    assert message in finished.error
    assert finished.stderr == ""


def test_bad_specification(project: Project, tmp_path: Path) -> None:
    raw = project.spec("prepare", engine="jax", seed=-1)
    finished = run(command("prepare", write_spec(tmp_path / "out", raw), tmp_path / "out"))
    assert finished.code == BAD_INPUT
    assert "engine: 'jax' is not one of ['oneflow', 'torch']; seed: -1 is less than" in finished.error


def test_specification_of_another_stage(project: Project, tmp_path: Path) -> None:
    specification = write_spec(tmp_path / "out", project.spec("prepare"))
    finished = run(command("teacher", specification, tmp_path / "out"))
    assert finished.code == BAD_INPUT
    assert "for the stage 'prepare', not 'teacher'" in finished.error


def test_no_specification(tmp_path: Path) -> None:
    finished = run(command("teacher", tmp_path / "spec.json", tmp_path / "out"))
    assert finished.code == BAD_INPUT
    assert str(tmp_path / "spec.json") in finished.error
    assert not (tmp_path / "out").exists()


def test_bad_data(project: Project, tmp_path: Path) -> None:
    shutil.copytree(project.data, tmp_path / "data")
    with (tmp_path / "data" / "dev.tsv").open("a") as file:
        file.write("a film\t7\n")
    finished = run(project.command("prepare", tmp_path / "out", inputs={"data": str(tmp_path / "data")}))
    assert finished.code == BAD_INPUT
    assert "dev.tsv, line 34 has the label '7'" in finished.error


def test_engine_that_is_not_installed(project: Project, tmp_path: Path) -> None:
    project.need("prepare")
    (other,) = set(ENGINES) - {E.NAME}
    finished = run(project.command("teacher", tmp_path / "out", engine=other))
    assert finished.code == INFRASTRUCTURE
    assert f"containers/requirements/{other}.txt" in finished.error


def test_out_below_a_file(project: Project, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    specification = write_spec(tmp_path / "spec", project.spec("prepare"))
    finished = run(command("prepare", specification, tmp_path / "file" / "out"))
    assert finished.code == INFRASTRUCTURE
    assert "Not a directory" in finished.error
    assert (tmp_path / "file").read_text() == "kept"


def test_prepare_on_a_full_disk_leaves_nothing_and_can_be_run_again(project: Project, tmp_path: Path) -> None:
    arguments = project.command("prepare", tmp_path / "out")
    finished = run(arguments, limit_files_to(2000))
    assert finished.code == INFRASTRUCTURE
    assert "File too large" in finished.error
    assert str(tmp_path / "out") in finished.error
    assert [path for path in (tmp_path / "out").rglob("*") if "partial" in path.name] == []
    again = run(arguments)
    assert again.code == 0
    assert read_result(tmp_path / "out")["artifacts"] == prepared(project)["artifacts"]


def prepared(project: Project) -> dict[str, Any]:
    project.need("prepare")
    return read_result(project.root / "prepare")


def test_teacher_on_a_full_disk_can_be_run_again(project: Project, tmp_path: Path) -> None:
    """safetensors writes the weights past Python, and so hides the system's error in its own."""
    project.need("prepare", "teacher")
    arguments = project.command("teacher", tmp_path / "out", options={"checkpoint_s": 1e-3})
    finished = run(arguments, limit_files_to(100_000))
    assert finished.code == INFRASTRUCTURE
    assert "File too large" in finished.error
    assert not (tmp_path / "out" / "result.json").exists()
    again = run(arguments)
    assert again.code == 0
    assert read_result(tmp_path / "out")["artifacts"] == read_result(project.root / "teacher")["artifacts"]


def test_really_full_disk(project: Project, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a small disk")
    try:
        specification = write_spec(tmp_path / "spec", project.spec("prepare"))
        finished = run(command("prepare", specification, disk / "out"))
        assert finished.code == INFRASTRUCTURE
        assert f"no space left on the disk of {disk / 'out'}" in finished.error
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_fault_of_ours_shows_its_traceback_on_stderr_alone(project: Project, tmp_path: Path) -> None:
    project.need("prepare", "teacher", "distill")
    shutil.copytree(project.root / "prepare", tmp_path / "prepare")
    (tmp_path / "prepare" / "dev.jsonl").write_text("{")
    finished = run(project.command("evaluate", tmp_path / "out", inputs={"prepare": str(tmp_path / "prepare")}))
    assert finished.code == INFRASTRUCTURE
    assert finished.events[-1]["message"].startswith("a fault in the stage evaluate: JSONDecodeError")
    assert "Traceback" in finished.stderr


def test_stages_as_commands_agree_with_this_process(project: Project, tmp_path: Path) -> None:
    stages = ("evaluate", "export")
    project.need("prepare", "teacher", "distill", *stages)
    processes = {stage: start(project.command(stage, tmp_path / stage)) for stage in stages}
    for stage, process in processes.items():
        finished = finish(process)
        assert finished.code == 0, finished.stderr
        assert finished.events[0] == {"event": "start", "stage": stage}
        assert finished.events[-1]["event"] == "end"
        result, expected = read_result(tmp_path / stage), read_result(project.root / stage)
        assert result["metrics"] == expected["metrics"]
        assert result["artifacts"] == expected["artifacts"]


def test_complete_stage_is_not_run_again(project: Project, tmp_path: Path) -> None:
    arguments = project.command("prepare", tmp_path / "out")
    (tmp_path / "out" / "result.json").write_text("{}")
    finished = run(arguments)
    assert finished.code == 0
    assert "nothing to do" in finished.events[1]["message"]
    assert (tmp_path / "out" / "result.json").read_text() == "{}"


def test_stdout_belongs_to_events() -> None:
    code = (
        "import os, sys; from tinybert import events; events.claim_stdout(); print('by Python', flush=True);"
        "os.write(1, b'by the descriptor\\n'); os.system('echo by a child'); events.note('an event')"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert [json.loads(line) for line in finished.stdout.splitlines()] == [{"event": "note", "message": "an event"}]
    assert finished.stderr == "by Python\nby the descriptor\nby a child\n"
