"""What a stage found: `result.json`, written last and by atomic rename."""

from __future__ import annotations

import datetime
import importlib.metadata
import platform
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tinybert import artifacts
from tinybert.errors import StageError
from tinybert.spec import CONTRACT, StageSpec, violations

RESULT = "result.json"
PACKAGES = ("numpy", "tokenizers", "safetensors", "protobuf")


@dataclass(frozen=True)
class Outcome:
    """A stage's findings. `metrics`: name -> number; `artifacts`: name -> path below the output; `series`: name -> columns
    and rows; `scratch`: names below the output that only a resume needs, removed once the result is written.
    """

    metrics: dict[str, float]
    artifacts: dict[str, str]
    series: dict[str, dict[str, Any]] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    scratch: tuple[str, ...] = ()


@dataclass(frozen=True)
class EngineFacts:
    """What ran: engine version and the device's name as the engine sees it."""

    version: str
    device_name: str


class Clock:
    """Wall time of a stage over all its attempts, kept in a file that a killed attempt leaves behind."""

    FILE = "attempts.json"

    def __init__(self, out: Path) -> None:
        self._path = out / self.FILE
        self._begun_s = time.monotonic()
        previous = artifacts.read_json(self._path) or {}
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        self.started_at: str = previous.get("started_at", now)
        self.attempts: int = previous.get("attempts", 0) + 1
        self._earlier_s: float = previous.get("seconds", 0.0)
        self.save()

    @property
    def seconds(self) -> float:
        return self._earlier_s + time.monotonic() - self._begun_s

    def save(self) -> None:
        """Called at every checkpoint: what an attempt did after its last one is lost, and its time with it."""
        state = {"started_at": self.started_at, "attempts": self.attempts, "seconds": round(self.seconds, 3)}
        artifacts.write_json(self._path, state)


@dataclass(frozen=True)
class StageContext:
    """What a stage's `run` is given."""

    spec: StageSpec
    out: Path
    clock: Clock


def write_result(context: StageContext, outcome: Outcome, engine: EngineFacts) -> None:
    """Complete a stage. Raises StageError when the findings break the contract (a fault of ours)."""
    spec, clock = context.spec, context.clock
    result = {
        "contract": CONTRACT,
        "stage": spec.stage,
        "key": spec.key,
        "started_at": clock.started_at,
        "seconds": round(clock.seconds, 3),
        "resumes": clock.attempts - 1,
        "environment": {
            "python": platform.python_version(),
            "platform": platform.platform(),
            "engine": spec.engine,
            "engine_version": engine.version,
            "device": spec.device,
            "device_name": engine.device_name,
            "threads": spec.threads,
            "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        },
        "metrics": outcome.metrics,
        "series": outcome.series,
        "artifacts": {name: artifacts.describe(context.out, path) for name, path in outcome.artifacts.items()},
        "details": outcome.details,
    }
    if problems := violations("result.schema.json", result):
        raise StageError(f"the stage {spec.stage} broke the contract: " + "; ".join(problems))
    artifacts.write_json(context.out / RESULT, result)
    for name in (Clock.FILE, *outcome.scratch):
        artifacts.remove(context.out / name)
