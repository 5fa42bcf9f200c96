"""The stage `prepare` for tests: as the harness runs it, a command, and in this process. It needs no engine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.tinybert.tasks import raw_task
from tinybert.result import Clock, EngineFacts, StageContext, write_result
from tinybert.spec import load_spec, violations
from tinybert.stages import prepare

REPOSITORY = Path(__file__).resolve().parents[3]
SST2 = raw_task()
SAMPLE = {"source": "sample", "sample": {"train_rows": 300, "dev_rows": 60, "seed": 1}, "max_length": 32}
DIRECTORY = {"source": "directory", "sample": None, "max_length": 32}


class Stage:
    """One `prepare` to run: its specification and output below `root`."""

    def __init__(self, root: Path, options: dict[str, Any], task: dict[str, Any], **inputs: Path) -> None:
        self.out = root / "out"
        self.file = root / "spec.json"
        spec = {
            "contract": 1,
            "stage": "prepare",
            "key": "0" * 64,
            "engine": "torch",
            "device": "cpu",
            "threads": 1,
            "seed": 1,
            "task": task,
            "inputs": {name: str(path) for name, path in inputs.items()},
            "options": options,
        }
        self.file.write_text(json.dumps(spec))
        self.command = [sys.executable, "-m", "tinybert", "prepare", "--spec", str(self.file), "--out", str(self.out)]

    def run(self) -> tuple[int, list[dict[str, Any]]]:
        """Exit code and events; a traceback fails the test."""
        done = subprocess.run(self.command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        events = [json.loads(line) for line in done.stdout.splitlines()]
        assert [problem for event in events for problem in violations("event.schema.json", event)] == []
        return done.returncode, events

    def succeed(self) -> dict[str, Any]:
        code, events = self.run()
        assert code == 0, events
        return self._result()

    def fail(self) -> str:
        code, events = self.run()
        assert code == 2 and not (self.out / "result.json").exists()
        assert events[-1]["event"] == "error" and events[-1]["exit_code"] == 2
        message: str = events[-1]["message"]
        assert "\n" not in message
        return message

    def succeed_here(self) -> dict[str, Any]:
        """In this process, which is quicker."""
        self.out.mkdir()
        context = StageContext(load_spec(self.file, "prepare"), self.out, Clock(self.out))
        write_result(context, prepare.run(context), EngineFacts("none", "none"))
        return self._result()

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The objects of a file of texts."""
        with (self.out / name).open(encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def _result(self) -> dict[str, Any]:
        result: dict[str, Any] = json.loads((self.out / "result.json").read_text())
        return result
