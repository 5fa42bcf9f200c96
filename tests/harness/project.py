"""A project of its own for a test: the real harness and suites in a temporary folder, over a stand-in for the pipeline.

The engines' environments alone are replaced, by the Python that runs the tests: making one takes minutes and a network.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = Path(__file__).parent / "stand_in" / "__main__.py"
STAGES = ("prepare", "teacher", "distill", "evaluate", "measure", "export")
ENVIRONMENT = """

def ensure_environment(engine, report, device="cpu"):
    import sys

    report(f"{engine}: the tests' own Python")
    return EngineEnvironment(engine, Path(sys.executable), "0" * 64, "3", "0", None)
"""


@dataclass
class Project:
    """`root` holds the copy; `run` ends with the command, `start` leaves it running."""

    root: Path
    data_root: Path
    teacher: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    def behave(self, **behaviour: dict[str, Any]) -> None:
        """What the stand-in's stages do from now on, by stage; a stage that is not named behaves well."""
        (self.root / "behaviour.json").write_text(json.dumps(behaviour))

    def arguments(self, *extra: str, task: str = "SST-2") -> list[str]:
        fixed = [
            "--task",
            task,
            "--data-root",
            str(self.data_root),
            "--teacher",
            str(self.teacher),
            "--device",
            "cpu",
            "--containers",
            "local",
        ]
        return ["run", *fixed, *([] if "--engine" in extra else ["--engine", "torch"]), *extra]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "CUDA_VISIBLE_DEVICES")}
        environment = kept | {"TINYBENCH_CACHE": str(self.root / "cache"), "HF_HUB_OFFLINE": "1"} | self.environment
        command = [sys.executable, "-m", "harness.cli", *arguments]
        return subprocess.Popen(
            command, cwd=self.root, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments)
        out, error = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, out, error)

    def run(self, *extra: str, task: str = "SST-2") -> subprocess.CompletedProcess[str]:
        return self.command(*self.arguments(*extra, task=task))

    def started(self) -> list[str]:
        """The stages that were started, in order."""
        return [line.split()[0] for line in self._starts()]

    def stage_pids(self) -> list[int]:
        return [int(line.split()[2]) for line in self._starts()]

    def _starts(self) -> list[str]:
        path = self.root / "started.txt"
        return path.read_text().splitlines() if path.exists() else []

    def record(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.runs / "latest" / "record.json").read_text())
        return found

    def records(self) -> list[dict[str, Any]]:
        """Of every finished run, the oldest first."""
        paths = [path for path in self.runs.glob("*/record.json") if not path.parent.is_symlink()]
        return [json.loads(path.read_text()) for path in sorted(paths, key=lambda path: path.stat().st_mtime_ns)]


def wait_until(condition: Callable[[], Any], timeout_s: float = 20) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.02)


def read_until(process: subprocess.Popen[str], words: str) -> None:
    """Read a process's stdout up to the line that holds `words`."""
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            return
    raise AssertionError(f"it ended without {words!r}")


def is_running(pid: int) -> bool:
    """Whether a process is there and not merely waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def make_project(root: Path) -> Project:
    for folder in ("harness", "suites", "reports", "containers", "tinybert/contract"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for module in ("", *(f"stages/{stage}" for stage in STAGES)):
        path = root / "tinybert" / (f"{module}.py" if module else "__init__.py")
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    (root / "tinybert" / "stages" / "__init__.py").write_text("")
    shutil.copy(STAND_IN, root / "tinybert" / "__main__.py")
    with (root / "harness" / "resolve" / "environment.py").open("a") as file:
        file.write(ENVIRONMENT)
    data = root / "my glue" / "SST-2"
    data.mkdir(parents=True)
    for name, rows in (("train.tsv", 40), ("dev.tsv", 20)):
        lines = [f"a sentence of {index} words\t{index % 2}" for index in range(rows)]
        (data / name).write_text("\n".join(["sentence\tlabel", *lines]) + "\n")
    teacher = root / "my teacher"
    teacher.mkdir()
    (teacher / "config.json").write_text('{"model_type": "bert"}')
    (teacher / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n")
    (teacher / "model.safetensors").write_bytes(b"\x02\x00\x00\x00\x00\x00\x00\x00{}")
    made = Project(root, data.parent, teacher)
    made.behave()
    return made
