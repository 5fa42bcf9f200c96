"""Which engine this process runs on. Chosen once, before anything imports `tinybert.engine`."""

from __future__ import annotations

import os
import sys

ENGINES = ("oneflow", "torch")
VARIABLE = "TINYBERT_ENGINE"


def use(name: str) -> None:
    """Choose the engine of this process. Raises ValueError for an unknown name or when another one is loaded already."""
    if name not in ENGINES:
        raise ValueError(f"unknown engine {name!r}: {' or '.join(ENGINES)}")
    loaded = sys.modules.get("tinybert.engine")
    if loaded is not None and name != loaded.NAME:
        raise ValueError(f"this process already runs on {loaded.NAME}: one process, one engine")
    os.environ[VARIABLE] = name


def chosen() -> str:
    return os.environ.get(VARIABLE, "torch")
