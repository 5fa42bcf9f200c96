from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.tinybert.tiny import Project, write_spec
from tinybert.errors import StageError
from tinybert.result import Clock, EngineFacts, Outcome, StageContext, write_result
from tinybert.spec import load_spec

FACTS = EngineFacts("1.0", "a device")


def context_at(project: Project, out: Path) -> StageContext:
    project.need("prepare")
    return StageContext(load_spec(write_spec(out, project.spec("teacher")), "teacher"), out, Clock(out))


def test_scratch_goes_once_the_result_is_there(project: Project, tmp_path: Path) -> None:
    context = context_at(project, tmp_path / "stage")
    (context.out / "artifact").write_text("kept")
    (context.out / "scratch").mkdir()
    write_result(context, Outcome({"rows": 1}, {"artifact": "artifact"}, scratch=("scratch", "never-there")), FACTS)
    assert {path.name for path in context.out.iterdir()} == {"artifact", "result.json"}


def test_findings_that_break_the_contract_cost_nothing(project: Project, tmp_path: Path) -> None:
    context = context_at(project, tmp_path / "stage")
    (context.out / "scratch").write_text("kept")
    with pytest.raises(StageError, match=r"broke the contract: metrics\.rows"):
        write_result(context, Outcome({"rows": "many"}, {}, scratch=("scratch",)), FACTS)  # type: ignore[dict-item]
    assert {path.name for path in context.out.iterdir()} == {"scratch", Clock.FILE}


def test_seconds_and_resumes_count_every_attempt(project: Project, tmp_path: Path) -> None:
    out = tmp_path / "stage"
    first = context_at(project, out)
    (out / Clock.FILE).write_text(json.dumps({"started_at": first.clock.started_at, "attempts": 2, "seconds": 100}))
    write_result(context_at(project, out), Outcome({}, {}), FACTS)
    result = json.loads((out / "result.json").read_text())
    assert result["resumes"] == 2
    assert 100 <= result["seconds"] < 110
    assert result["started_at"] == first.clock.started_at
