"""A script of this folder, or the pipeline, as a process in the environment of the engine torch."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.paths import ROOT


def run(command: Sequence[Any], folder: Path = ROOT) -> str:
    """What it printed. `folder`: where it is started; published scripts leave a log there. An end with a fault fails the benchmark."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TINYBERT_ENGINE": "torch"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
    return done.stdout


def last_line(output: str) -> dict[str, Any]:
    """The JSON object in the last line."""
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    return found
