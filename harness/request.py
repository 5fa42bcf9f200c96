"""What the user asked for, before anything is looked up."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from harness.paths import RUNS
from harness.stages import NO_AUGMENTATION

SEEDS = (1,)
AUGMENTATIONS = (NO_AUGMENTATION,)


@dataclass(frozen=True)
class Request:
    """One run: the command's options as given; None is the option left out. Either `task` or `suite` is given.

    `containers` are names of the catalogue, or `local`; `memory_bytes` is what a container may use.
    """

    task: str | None = None
    suite: Path | None = None
    profile: str | None = None
    engine: str | None = None
    device: str | None = None
    seeds: tuple[int, ...] = SEEDS
    data_root: Path | None = None
    teacher: str | None = None
    runs: Path = RUNS
    strict: bool = False
    threads: int | None = None
    stage_timeout_s: float | None = None
    containers: tuple[str, ...] | None = None
    memory_bytes: int | None = None
    augmentations: tuple[str, ...] = AUGMENTATIONS
    glove: Path | None = None
    corpus: Path | None = None

    def command(self) -> str:
        """The `make bench` that asks for the same."""
        variables = {
            "TASK": self.task,
            "SUITE": self.suite,
            "PROFILE": self.profile,
            "ENGINE": self.engine,
            "DEVICE": self.device,
            "SEEDS": None if self.seeds == SEEDS else ",".join(map(str, self.seeds)),
            "AUGMENT": None if self.augmentations == AUGMENTATIONS else ",".join(self.augmentations),
            "GLOVE": self.glove,
            "CORPUS": self.corpus,
            "CONTAINERS": None if self.containers is None else ",".join(self.containers),
            "DATA_ROOT": self.data_root,
            "TEACHER": self.teacher,
            "RUNS": None if self.runs == RUNS else self.runs,
            "STRICT": 1 if self.strict else None,
            "THREADS": self.threads,
            "MEMORY": self.memory_bytes,
        }
        given = [f"{name}={shlex.quote(str(value))}" for name, value in variables.items() if value is not None]
        return " ".join(["make bench", *given])
