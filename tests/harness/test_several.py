"""Several tasks in one command, over the stand-in pipeline: each its own run, and the next one whatever became of the last."""

from __future__ import annotations

import json
import signal

import pytest

from tests.harness.glue import write_task
from tests.harness.project import STAGES, Project, read_until, wait_until


def test_each_task_is_a_run_of_its_own_and_a_table_ends_them(project: Project) -> None:
    write_task(project.data_root, "RTE")
    write_task(project.data_root, "STS-B")
    done = project.run(task="RTE,STS-B,SST-2")
    assert done.returncode == 0, done.stderr
    assert project.started() == [*STAGES] * 3
    records = project.records()
    assert [record["task"]["name"] for record in records] == ["RTE", "STS-B", "SST-2"]
    assert ["make bench TASK=RTE " in records[0]["command"], "STS-B" in records[0]["command"]] == [True, False]
    assert all(f"{name} ({number} of 3)" in done.stdout for number, name in enumerate(("RTE", "STS-B", "SST-2"), 1))
    table = done.stdout[done.stdout.rindex("outcome") :]
    assert [line.split()[0] for line in table.splitlines()[1:4]] == ["RTE", "STS-B", "SST-2"]
    for record in records:
        assert record["run_id"] in table
    assert "90.0 %" in table and "80.0 %" in table, "accuracy of teacher and student"
    assert project.record()["task"]["name"] == "SST-2", "latest is the last one"


def test_a_task_that_fails_does_not_stop_the_next_ones(project: Project) -> None:
    """MRPC has no data, which is told, and the exit code is its."""
    write_task(project.data_root, "RTE")
    done = project.run(task="MRPC,RTE")
    assert done.returncode == 2
    assert [record["task"]["name"] for record in project.records()] == ["RTE"]
    assert done.stderr.startswith("tinybench: MRPC: DATA_ROOT=") and len(done.stderr.splitlines()) == 1
    table = done.stdout[done.stdout.rindex("outcome") :]
    assert "exit 2" in table and " ok " in table


def test_the_worst_exit_code_is_the_commands(project: Project) -> None:
    """A stage that breaks (4) outranks data that is missing (2), whichever came last."""
    project.behave(teacher={"kill": signal.SIGKILL})
    done = project.run(task="SST-2,MRPC")
    assert done.returncode == 4
    assert [line.split(":")[1].strip() for line in done.stderr.splitlines()] == ["SST-2", "MRPC"]
    assert project.records() == []


def test_a_fault_of_ours_in_one_task_does_not_stop_the_next(project: Project) -> None:
    write_task(project.data_root, "RTE")
    with (project.root / "harness" / "job.py").open("a") as file:
        file.write(
            "\n\nreally = resolve\n\n\ndef resolve(request, progress, build):\n"
            "    if request.task == 'RTE':\n        raise RuntimeError('a bug')\n"
            "    return really(request, progress, build)\n"
        )
    done = project.run(task="RTE,SST-2")
    assert done.returncode == 4 and "Traceback" not in done.stderr
    assert "RTE: a fault in the harness: RuntimeError: a bug" in done.stderr
    assert [record["task"]["name"] for record in project.records()] == ["SST-2"]


def test_a_stop_ends_them_all(project: Project) -> None:
    write_task(project.data_root, "RTE")
    project.behave(teacher={"step_s": 0.1})
    process = project.start(*project.arguments(task="SST-2,RTE"))
    read_until(process, "teacher epoch")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 143
    wait_until(lambda: project.started() == ["prepare", "teacher"])


def test_plan_shows_each_task_and_what_keeps_one_from_running(project: Project) -> None:
    write_task(project.data_root, "RTE")
    done = project.command("plan", *project.arguments(task="RTE,MRPC,geometry")[1:])
    assert done.returncode == 2
    assert done.stdout.count("to run") == 6 + 2 and not project.runs.exists()
    assert "MRPC: DATA_ROOT=" in done.stderr


def test_unknown_names_keep_all_from_running(project: Project) -> None:
    done = project.run(task="SST-2,MRCP,RET")
    assert done.returncode == 2 and not project.runs.exists()
    assert "did you mean 'MRPC'?" in done.stderr and "did you mean 'RTE'?" in done.stderr


def test_a_suite_file_counts_whatever_the_task(project: Project) -> None:
    """SUITE keeps its meaning: one suite, one run."""
    done = project.run("--suite", str(project.root / "suites" / "sst-2.yaml"), task="RTE,MRPC")
    assert done.returncode == 0, done.stderr
    (record,) = project.records()
    assert record["suite"]["name"] == "sst-2" and "outcome" not in done.stdout


@pytest.mark.parametrize("name", ["CoLA", "MNLI"])
def test_the_folders_of_data_reach_the_stage(project: Project, name: str) -> None:
    """Test files and the diagnostic set are part of what `prepare` reads, and of its key."""
    folder = write_task(project.data_root, name)
    assert project.run(task=name).returncode == 0
    (before,) = project.records()
    first = before["cells"][0]["stages"][0]
    assert set(first["spec"]["inputs"]) == {"weights", "data"} and first["spec"]["inputs"]["data"] == str(folder)
    for path in sorted(folder.iterdir()):
        path.unlink()
    folder.rmdir()
    write_task(project.data_root, name, with_tests=True)
    assert project.run(task=name).returncode == 0
    assert project.started() == [*STAGES, *STAGES], "other data: nothing from the cache"
    record = project.record()
    inputs = record["cells"][0]["stages"][0]["spec"]["inputs"]
    assert inputs.get("diagnostic") == (str(project.data_root / "diagnostic") if name == "MNLI" else None)
    assert {test["file"] for test in record["task"]["test"].values()} <= set(record["data"]["files"])
    assert {each["checksum"] for each in record["data"]["files"].values()} == {"other"}
    assert json.dumps(record["task"]["dev"]) == json.dumps(first["spec"]["task"]["dev"])
