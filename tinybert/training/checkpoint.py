"""Where a training stood: one file, replaced by one atomic rename, so that a kill at any moment leaves a whole one."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from tinybert import artifacts, events

FILE = "checkpoint.safetensors"


@dataclass
class Progress:
    """The loop's whole state beside weights and moments."""

    phase: int = 0
    step: int = 0
    total_steps: int = 0
    rows_seen: int = 0
    window: list[dict[str, float]] = field(default_factory=list)
    learning_rate: float = 0.0
    best_score: float | None = None
    best_step: int = 0
    phase_seconds: list[float] = field(default_factory=list)
    train_rows: list[list[Any]] = field(default_factory=list)
    dev_rows: list[list[Any]] = field(default_factory=list)


def save(out: Path, progress: Progress, arrays: dict[str, np.ndarray]) -> None:
    metadata = {"progress": json.dumps(asdict(progress))}
    artifacts.write_atomically(out / FILE, lambda path: save_file(arrays, path, metadata=metadata))


def load(out: Path) -> tuple[Progress, dict[str, np.ndarray]] | None:
    """None where there is no checkpoint, or none that can be read (said in a note: training then begins anew)."""
    path = out / FILE
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="np") as file:
            progress = Progress(**json.loads(file.metadata()["progress"]))
            return progress, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError, KeyError) as error:
        events.note(f"the checkpoint {path} cannot be read ({error}): training begins anew")
        return None
