"""What one process of a round is to time: the file that the stage hands it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from tinybert import artifacts


@dataclass(frozen=True)
class Orders:
    """What one process is to time. `lengths` of a cell: a number or "real"; `seconds`, `calls`: the least of a cell's round."""

    directory: str
    runtime: str
    precision: str
    device: str
    threads: int
    engine: str
    labels: tuple[str, ...]
    metric: str
    seed: int
    tokens: str
    records: str
    dataset_pass: dict[str, int] | None
    cells: tuple[tuple[int, int | str], ...]
    warmup: dict[str, float]
    round: dict[str, float]
    with_first_pass: bool
    with_checks: bool
    has_labels: bool
    find_peak: bool

    def write(self, path: Path) -> None:
        artifacts.write_json(path, asdict(self))

    @staticmethod
    def read(path: Path) -> Orders:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return Orders(**raw | {"labels": tuple(raw["labels"]), "cells": tuple((b, n) for b, n in raw["cells"])})
