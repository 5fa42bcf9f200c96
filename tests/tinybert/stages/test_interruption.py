"""A distillation as a process, stopped and killed at random moments, ends as the undisturbed one in this process."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.tinybert.tiny import PHASE, Project, finish, read_result, start
from tinybert import events
from tinybert.result import Clock, StageContext
from tinybert.spec import load_spec
from tinybert.stages import distill
from tinybert.training import checkpoint

SMALL = {"layers": 1, "hidden_size": 16, "heads": 2, "intermediate_size": 32}
LONG = PHASE | {"epochs": 3}
OPTIONS: dict[str, Any] = {"student": SMALL, "intermediate": LONG, "prediction": LONG, "checkpoint_s": 1e-3}
KILLS = 2


@pytest.fixture(scope="module")
def undisturbed(project: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    project.need("prepare", "teacher")
    return project.run("distill", tmp_path_factory.mktemp("undisturbed") / "distill", options=OPTIONS)


def untimed(result: dict[str, Any]) -> dict[str, Any]:
    metrics = {name: value for name, value in result["metrics"].items() if not name.endswith("rows_per_s")}
    return {"metrics": metrics, "series": result["series"], "artifacts": result["artifacts"]}


def test_terminated_and_killed_at_random_moments(project: Project, undisturbed: dict[str, Any], tmp_path: Path) -> None:
    out = tmp_path / "distill"
    command = project.command("distill", out, options=OPTIONS)
    moments = random.Random(0)
    for number in range(1 + KILLS):
        process = start(command)
        assert process.stdout is not None
        for line in process.stdout:
            if '"progress"' in line:
                break
        time.sleep(moments.uniform(0, 0.1))
        process.send_signal(signal.SIGTERM if number == 0 else signal.SIGKILL)
        if number == 0:
            stopped = finish(process)
            assert stopped.code == 143
            assert "run the same command again to resume" in stopped.error
            assert (out / checkpoint.FILE).is_file()
        else:
            process.communicate()
        assert not (out / "result.json").exists(), "the training ended before it was killed: make it longer"
    last = finish(start(command))
    assert last.code == 0
    assert "resumed in the phase" in next(event["message"] for event in last.events if event["event"] == "note")
    result = read_result(out)
    assert untimed(result) == untimed(undisturbed)
    assert result["resumes"] == 1 + KILLS
    assert {path.name for path in out.iterdir()} == {"model", "projection.safetensors", "result.json"}


def test_killed_before_the_result_is_written_trains_nothing_again(
    project: Project, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    project.need("prepare", "teacher")
    out = tmp_path / "distill"
    command = project.command("distill", out, options={"student": SMALL})
    context = StageContext(load_spec(Path(command[5]), "distill"), out, Clock(out))
    first = distill.run(context)
    events._last_progress_s = 0.0
    capfd.readouterr()
    second = distill.run(context)
    assert "epoch" not in capfd.readouterr().out
    assert (second.metrics, second.series) == (first.metrics, first.series)
    for name in second.scratch:
        assert (out / name).exists()
