"""Starting the real command line on the tests' small suite."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
SUITE = Path(__file__).with_name("small.yaml")
COLA = Path(__file__).with_name("cola.yaml")
TIMEOUT_S = 900
NO_GLUE = {"TINYBENCH_GLUE_URL": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "1"}
"""Leaves the embedded sample alone to be found."""


def command(runs: Path, profile: str, engine: str, *extra: str) -> list[str]:
    """Outside any container and on the small suite, unless `extra` names others."""
    place = [] if "--containers" in extra else ["--containers", "local"]
    suite = [] if "--suite" in extra else ["--suite", str(SUITE)]
    fixed = [*suite, "--profile", profile, "--engine", engine, "--device", "cpu", "--runs", str(runs)]
    return [sys.executable, "-m", "harness.cli", "run", *fixed, *place, *extra]


def bench(runs: Path, profile: str, engine: str, *extra: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(runs, profile, engine, *extra),
        cwd=ROOT,
        env={**os.environ, **environment},
        text=True,
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def without_measuring(folder: Path) -> Path:
    """The tests' suite without the stage that takes longest and finds what no two runs share. The other stages keep their keys."""
    suite = yaml.safe_load(SUITE.read_text(encoding="utf-8"))
    for profile in suite["profiles"].values():
        profile["stages"].pop("measure", None)
    path = folder / "without-measuring.yaml"
    path.write_text(yaml.safe_dump(suite, sort_keys=False), encoding="utf-8")
    return path


def record(runs: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((runs / "latest" / "record.json").read_text(encoding="utf-8"))
    return loaded


def results(cell: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Stage -> result."""
    return {each["stage"]: each["result"] for each in cell["stages"]}


def findings(cell: dict[str, Any]) -> dict[str, Any]:
    """What a cell found, without what the clock says: metrics, curves, and the checksums of data, weights and predictions."""
    found: dict[str, Any] = {}
    for stage, result in results(cell).items():
        if stage == "measure":
            continue
        metrics = {name: value for name, value in result["metrics"].items() if not name.endswith("_per_s")}
        found[stage] = {"metrics": metrics, "series": result["series"], "artifacts": result["artifacts"]}
    return found
