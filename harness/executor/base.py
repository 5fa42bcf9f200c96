"""What runs a stage's command, whatever it runs on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

Event = dict[str, Any]
"""One JSON line of a stage, valid against the contract's `event.schema.json`."""


@dataclass(frozen=True)
class StageCommand:
    """One stage to run. `inputs`: the folders it reads, by their absolute paths; `log`: for all beside its events."""

    stage: str
    spec: Path
    inputs: tuple[Path, ...]
    out: Path
    log: Path

    def arguments(self) -> list[str]:
        """After `python -m tinybert`. Paths are the same inside a container and outside, so the spec is too."""
        return [self.stage, "--spec", str(self.spec), "--out", str(self.out)]


@dataclass(frozen=True)
class Exit:
    """How a stage ended. `message`: what to tell the user, empty after success; `code`: as docs/contract.md defines."""

    code: int
    message: str


class Executor(Protocol):
    def run(self, command: StageCommand, on_event: Callable[[Event], None], timeout_s: float | None) -> Exit:
        """Run to the end, with `on_event` called for every event as it arrives.

        A stop asked for while it runs (Ctrl-C, SIGTERM, SIGHUP) stops the stage, which writes its checkpoint, and comes
        back as the exit code 128 + signal. Raises InfrastructureError where the command cannot be started.
        """
        ...


# What every stage gets beside what its place needs: offline, and nothing that would make two runs differ.
STAGE_ENVIRONMENT = {
    "PYTHONSAFEPATH": "1",
    "PYTHONNOUSERSITE": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_OFFLINE": "1",
}
