"""Measured again, an unchanged model has the same time: medians of valid timings differ by less than their interval in 9 of 10 repeats."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from harness.paths import ROOT
from harness.resolve.environment import ensure_environment

AGREEING = 0.9


def test_repeats_agree(tmp_path: Path) -> None:
    python = ensure_environment("torch", print).python
    done = subprocess.run(
        [str(python), str(ROOT / "benchmarks" / "repeats.py"), str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "TINYBERT_ENGINE": "torch"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    print(found)
    assert found["pairs"] > 0
    assert found["agreeing"] >= AGREEING * found["pairs"]
