"""This harness beside optimum-benchmark and plain pytest-benchmark: the same student, one run, the same time within their intervals."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from harness.paths import ROOT
from harness.resolve.environment import ensure_environment

PEER = (
    "optimum-benchmark==0.6.0",
    "optimum==2.0.0",
    "transformers==4.57.1",
)  # 0.6.0 needs transformers 4; all three timers use it


def test_three_timers_agree(tmp_path: Path) -> None:
    torch = ensure_environment("torch", print).python
    subprocess.run([str(torch), "-m", "venv", str(tmp_path / "venv")], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    (packages,) = (tmp_path / "venv" / "lib").glob("python3*/site-packages")
    (engine,) = (torch.parent.parent / "lib").glob("python3*/site-packages")
    # The engine's packages as they are; what the peer wants beside them comes into an environment of its own.
    (packages / "engine.pth").write_text(f"{engine}\n")
    subprocess.run([str(python), "-m", "pip", "install", "-qq", *PEER], check=True)
    done = subprocess.run(
        [str(python), str(ROOT / "benchmarks" / "timers.py"), str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "TINYBERT_ENGINE": "torch"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    for name, each in found.items():
        print(f"{name:20} {each['median_ms']:.1f} ms ({each['low_ms']:.1f} to {each['high_ms']:.1f})")
    for one in found.values():
        for other in found.values():
            assert one["low_ms"] <= other["high_ms"] and other["low_ms"] <= one["high_ms"], found
