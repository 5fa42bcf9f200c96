"""Whole runs: the real command line and executor over the stand-in pipeline."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.harness.project import STAGES, Project, is_running, read_until, wait_until


def test_a_run_ends_with_a_record_a_report_and_latest(project: Project) -> None:
    done = project.run()
    assert done.returncode == 0, done.stderr
    latest = project.runs / "latest"
    assert latest.is_symlink() and not latest.readlink().is_absolute()
    for name in ("record.json", "report.html", "report.md"):
        assert (latest / name).is_file() and str(latest.resolve() / name) in done.stdout
    record = project.record()
    (cell,) = record["cells"]
    assert [each["stage"] for each in cell["stages"]] == list(STAGES) == project.started()
    assert not any(each["cached"] for each in cell["stages"])
    assert all(each["result"]["key"] == each["key"] == each["spec"]["key"] for each in cell["stages"])
    assert record["data"]["verified"] is False and record["data"]["kind"] == "directory"
    assert record["claims"] and "make bench TASK=SST-2" in record["command"]
    assert "\x1b" not in done.stdout and "\r" not in done.stdout
    assert done.stderr == ""


def test_nothing_runs_twice_and_changed_options_run_again_what_they_touch(project: Project) -> None:
    assert project.run().returncode == 0
    assert project.run().returncode == 0
    assert project.started() == list(STAGES)
    assert all(each["cached"] for each in project.record()["cells"][0]["stages"])
    suite = project.root / "suites" / "sst-2.yaml"
    suite.write_text(suite.read_text().replace("check_rows: 64", "check_rows: 65"))
    assert project.run().returncode == 0
    assert project.started() == [*STAGES, "export"]
    assert project.run("--seed", "2").returncode == 0
    assert project.started() == [*STAGES, "export", *STAGES[1:]], "the seed changes all but prepare"


def test_both_engines_share_prepare(project: Project) -> None:
    done = project.run("--engine", "both")
    assert done.returncode == 0, done.stderr
    assert project.started().count("prepare") == 1 and project.started().count("teacher") == 2
    first, second = project.record()["cells"]
    assert {first["engine"], second["engine"]} == {"oneflow", "torch"}
    assert [each["cached"] for each in second["stages"]] == [True, False, False, False, False, False]


def test_seeds_make_a_matrix_in_one_report(project: Project) -> None:
    done = project.run("--engine", "both", "--seeds", "1,2")
    assert done.returncode == 0, done.stderr
    names = ["oneflow-cpu-seed1", "oneflow-cpu-seed2", "torch-cpu-seed1", "torch-cpu-seed2"]
    assert [cell["name"] for cell in project.record()["cells"]] == names
    assert project.started().count("prepare") == 1 and project.started().count("teacher") == 4
    page = (project.runs / "latest" / "report.md").read_text()
    assert all(name in page for name in names)


def test_augmentation_makes_cells_of_their_own(project: Project, tmp_path: Path) -> None:
    glove = tmp_path / "glove.txt"
    glove.write_text("fine 0.1 0.2\n")
    done = project.run("--augment", "none,published,paper", "--glove", str(glove))
    assert done.returncode == 0, done.stderr
    plain, published, paper = project.record()["cells"]
    assert plain["name"] == "torch-cpu-seed1" and "augment" not in plain["stages_planned"]
    assert published["name"] == "torch-cpu-seed1-augmented-published"
    assert paper["name"] == "torch-cpu-seed1-augmented-paper"
    for cell, mode in ((published, "published"), (paper, "paper")):
        assert [each["cached"] for each in cell["stages"]] == [True, True, False, False, False, False, False]
        specs = {each["stage"]: each["spec"] for each in cell["stages"]}
        assert specs["augment"]["options"]["mode"] == mode
        assert specs["augment"]["inputs"]["vectors"] == str(glove)
        assert specs["distill"]["inputs"]["augment"].endswith(f"augment-{specs['augment']['key'][:16]}")
    assert f"AUGMENT=none,published,paper GLOVE={glove}" in project.record()["command"].replace("'", "")
    page = (project.runs / "latest" / "report.md").read_text()
    assert "## Augmentation" in page and "The student with and without augmentation" in page
    resolved = {each["what"]: each for each in project.record()["resolved"]}
    assert resolved["word vectors"]["choice"] == "glove.txt" and not resolved["word vectors"]["fallback"]


def test_without_glove_the_teachers_embeddings_stand_in_unless_strict(project: Project) -> None:
    assert project.run("--augment", "published").returncode == 0
    resolved = {each["what"]: each for each in project.record()["resolved"]}
    assert resolved["word vectors"]["fallback"]
    done = project.run("--augment", "published", "--strict", "--containers", "local")
    assert done.returncode == 2 and "GLOVE=FILE" in done.stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--augment", "huawei"), "none, published, paper"),
        (("--augment", "paper,paper"), "each at most once"),
        (("--glove", "glove.txt"), "add AUGMENT=published"),
        (("--augment", "paper", "--corpus", "nowhere.txt"), "CORPUS=nowhere.txt is no file"),
    ],
)
def test_what_augmentation_cannot_do_is_said_at_once(project: Project, options: tuple[str, ...], told: str) -> None:
    done = project.run(*options)
    assert done.returncode == 2 and told in done.stderr and len(done.stderr.splitlines()) == 1
    assert project.started() == []


def test_a_cell_that_fails_leaves_the_others_their_record(project: Project) -> None:
    assert project.run().returncode == 0
    project.behave(distill={"error": 2})
    done = project.run("--seeds", "1,7")
    assert done.returncode == 2
    assert "train.tsv:3: no such label '7'" in done.stderr and len(done.stderr.splitlines()) == 1
    first, second = project.record()["cells"]
    assert (first["status"], first["message"]) == ("ok", None)
    assert second["status"] == "failed" and "no such label" in second["message"]
    assert [each["stage"] for each in second["stages"]] == ["prepare", "teacher"]
    page = (project.runs / "latest" / "report.md").read_text()
    assert "torch-cpu-seed7 is failed: no result from distill, evaluate, measure, export." in page
    assert "no such label" in page


def test_killed_harness_leaves_no_orphan_and_running_again_resumes(project: Project) -> None:
    project.behave(teacher={"step_s": 30})
    process = project.start(*project.arguments())
    wait_until(lambda: project.started() == ["prepare", "teacher"])
    process.kill()
    process.wait()
    wait_until(lambda: not is_running(project.stage_pids()[-1]), 5)
    assert not (project.runs / "latest").exists()
    project.behave()
    assert project.run().returncode == 0
    assert project.started() == ["prepare", "teacher", *STAGES[1:]]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stop_lets_the_stage_write_its_checkpoint(project: Project, number: signal.Signals, code: int) -> None:
    project.behave(teacher={"step_s": 0.1})
    process = project.start(*project.arguments())
    read_until(process, "teacher epoch")
    process.send_signal(number)
    _, error = process.communicate(timeout=20)
    assert process.returncode == code
    assert "run the same command again to resume" in error and "Traceback" not in error
    (checkpoint,) = project.runs.glob("stages/teacher-*/checkpoint")
    assert 0 < int(checkpoint.read_text()) < 10
    project.behave()
    again = project.run()
    assert again.returncode == 0 and "resumed from step" in again.stdout


def test_nohup_is_respected(project: Project) -> None:
    project.behave(teacher={"step_s": 0.1})
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = project.start(*project.arguments())
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    read_until(process, "teacher epoch")
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_second_stop_does_not_wait_for_a_deaf_stage(project: Project) -> None:
    project.behave(teacher={"step_s": 0.5, "deaf": True})
    process = project.start(*project.arguments())
    read_until(process, "teacher epoch")
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.6)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=3)
    assert process.returncode == 130
    assert not is_running(project.stage_pids()[-1])


def test_garbage_on_stdout_goes_to_the_log(project: Project) -> None:
    project.behave(teacher={"garbage": True})
    done = project.run()
    assert done.returncode == 0, done.stderr
    log = (project.runs / "latest" / "logs" / "torch-cpu-seed1" / "teacher.log").read_bytes()
    assert b"log noise of an engine" in log and b"[not an event] loading model..." in log and b"unheard of" in log
    assert "unheard of" not in done.stdout


def test_a_stage_that_fails_passes_on_its_message_and_code(project: Project) -> None:
    assert project.run().returncode == 0
    before = {path: path.read_bytes() for path in (project.runs / "latest").resolve().iterdir() if path.is_file()}
    project.behave(teacher={"error": 2})
    done = project.run("--seed", "7")
    assert done.returncode == 2
    assert "train.tsv:3: no such label '7'" in done.stderr and "teacher.log" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert all(path.read_bytes() == content for path, content in before.items())
    assert project.record()["cells"][0]["seed"] == 1, "latest is the last finished run"


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ({"kill": signal.SIGKILL}, "killed by the system"),
        ({"kill": signal.SIGSEGV}, "SIGSEGV"),
        ({"raise": True}, "RuntimeError: a fault of ours"),
        ({"no result": True}, "ended well, but it has no result.json"),
    ],
)
def test_a_stage_that_breaks_is_infrastructure(project: Project, behaviour: dict[str, object], words: str) -> None:
    project.behave(distill=behaviour)
    done = project.run()
    assert done.returncode == 4
    assert words in done.stderr and "Traceback" not in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_stage_past_its_limit_is_stopped(project: Project) -> None:
    project.behave(teacher={"step_s": 30})
    done = project.run("--stage-timeout", "1")
    assert done.returncode == 4 and "past its limit of 1 s" in done.stderr


def test_two_harnesses_at_once_run_each_stage_once(project: Project) -> None:
    project.behave(prepare={"step_s": 0.15}, teacher={"step_s": 0.05})
    first, second = (project.start(*project.arguments()) for _ in range(2))
    outputs = [process.communicate(timeout=60) for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), outputs
    assert sorted(project.started()) == sorted(STAGES)
    assert sum("another run is at work" in out for out, _ in outputs) >= 1


def test_a_broken_entry_is_set_aside_and_run_again(project: Project) -> None:
    assert project.run().returncode == 0
    (teacher,) = (project.runs / "stages").glob("teacher-*/result.json")
    teacher.write_text(teacher.read_text()[:100])
    (export,) = (project.runs / "stages").glob("export-*/")
    (export / "artifact.txt").unlink()
    done = project.run()
    assert done.returncode == 0
    assert project.started() == [*STAGES, "teacher", "export"]
    assert "breaks the contract" in done.stdout and "its artifact artifact is missing" in done.stdout
    assert len(list((project.runs / "stages").glob("*.broken-*"))) == 2


def test_runs_folder_that_cannot_be_written(project: Project) -> None:
    (project.root / "a file").write_text("")
    done = project.run("--runs", str(project.root / "a file" / "runs"))
    assert done.returncode == 4
    assert len(done.stderr.splitlines()) == 1 and "RUNS=" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_disk(project: Project) -> None:
    stage = "from pathlib import Path\nPath('/dev/full').open('w').write('x' * 100000)\n"
    (project.root / "harness" / "report" / "__init__.py").write_text(stage)
    done = project.run()
    assert done.returncode == 4 and "no space left" in done.stderr and len(done.stderr.splitlines()) == 1


def test_report_and_show_from_a_record(project: Project) -> None:
    assert project.run().returncode == 0
    latest = project.runs / "latest"
    html = (latest / "report.html").read_bytes()
    (latest / "report.html").unlink()
    assert project.command("report").returncode == 0
    assert (latest / "report.html").read_bytes() == html
    shown = project.command("show", json.loads((latest / "record.json").read_text())["run_id"])
    assert shown.returncode == 0 and "90.0 %" in shown.stdout
    assert project.command("show", "nope").returncode == 2
    listed = project.command("list")
    assert latest.resolve().name in listed.stdout and "sst-2" in listed.stdout


def test_plan_says_what_is_cached_and_writes_nothing(project: Project) -> None:
    arguments = ["plan", *project.arguments()[1:]]
    planned = project.command(*arguments)
    assert planned.returncode == 0, planned.stderr
    assert planned.stdout.count("to run") == 6 and not project.runs.exists()
    assert project.run().returncode == 0
    assert project.command(*arguments).stdout.count("  cached  ") == 6
