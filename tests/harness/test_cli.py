"""What a user's mistakes get: one short message and exit code 2, never a traceback."""

from __future__ import annotations

import pytest

from tests.harness.project import Project


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run"], "name a task"),
        (["run", "--task", "SST2"], "did you mean 'SST-2'?"),
        (["run", "--task", "SST-2", "--profile", "quik"], "did you mean 'quick'?"),
        (["run", "--task", "SST-2", "--engine", "pytorch"], "pytorch"),
        (["run", "--task", "SST-2", "--device", "gpu"], "gpu"),
        (["run", "--task", "SST-2", "--seed", "-1"], "--seed"),
        (["run", "--task", "SST-2", "--data-root", "/nowhere"], "/nowhere"),
        (["run", "--task", "SST-2", "--profil", "quick"], "--profile"),
        (["run", "--suite", "no.yaml"], "cannot read no.yaml"),
        (["report", "nope"], "no run 'nope'"),
        (["compare", "nope", "nope"], "no run 'nope'"),
        (["setup", "--engine", "torhc"], "did you mean 'torch'?"),
        (["unheard-of"], "unheard-of"),
    ],
)
def test_mistakes(project: Project, arguments: list[str], words: str) -> None:
    done = project.command(*arguments)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr and "Traceback" not in done.stderr
    assert not project.runs.exists()


def test_a_fault_of_ours_is_one_line_and_a_kept_traceback(project: Project) -> None:
    (project.root / "harness" / "plan.py").write_text("raise RuntimeError('a bug')\n")
    done = project.run()
    assert done.returncode == 4
    assert len(done.stderr.splitlines()) == 1 and "RuntimeError: a bug" in done.stderr
    (log,) = (project.root / "cache" / "faults").iterdir()
    assert str(log) in done.stderr and "Traceback" in log.read_text()


@pytest.mark.parametrize("command", ["run", "plan", "list", "show", "report", "compare", "publish", "setup", "doctor"])
def test_help_shows_an_example(project: Project, command: str) -> None:
    done = project.command(command, "--help")
    assert done.returncode == 0 and f"  tinybench {command}" in done.stdout
