"""The files of SST-2 and CoLA on both engines, at a small budget. Needs DATA_ROOT, which is never in the repository."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from tests.end_to_end.bench import COLA, bench, record, results

DATA_ROOT = os.environ.get("DATA_ROOT", "")

# 1,600 of 67,349 rows make a teacher; a student needs more than the tests have time for (it is at chance here; the quick profile's
# figures stand in the README), so of the student the tests ask that its inner states come nearer to the teacher's.
TEACHER_FLOOR = 0.70
INTERMEDIATE_LOSS_LEFT = 0.7


@pytest.mark.skipif(not (Path(DATA_ROOT) / "SST-2").is_dir(), reason="DATA_ROOT names no directory with SST-2")
@pytest.mark.parametrize("engine", ["torch", "oneflow"])
def test_sst_2(engine: str, tmp_path: Path) -> None:
    done = bench(tmp_path, "glue", engine, "--data-root", DATA_ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    found = record(tmp_path)
    assert found["data"]["verified"] and found["data"]["name"] == "SST-2"
    (cell,) = found["cells"]
    metrics = {stage: result["metrics"] for stage, result in results(cell).items()}
    assert metrics["prepare"]["train_rows"] == 67_349 and metrics["evaluate"]["rows"] == 872
    assert metrics["prepare"]["bytes_per_row"] < 100
    assert metrics["evaluate"]["teacher_accuracy"] >= TEACHER_FLOOR
    curve = results(cell)["distill"]["series"]["train"]
    losses = [row[curve["columns"].index("loss")] for row in curve["rows"] if row[0] == "intermediate"]
    assert losses[-1] < INTERMEDIATE_LOSS_LEFT * losses[0]


@pytest.mark.skipif(not (Path(DATA_ROOT) / "CoLA").is_dir(), reason="DATA_ROOT names no directory with CoLA")
@pytest.mark.parametrize("engine", ["torch", "oneflow"])
def test_cola(engine: str, tmp_path: Path) -> None:
    """A task without a header, with another metric than accuracy: Matthews' correlation is Pearson's of two binary variables."""
    done = bench(tmp_path, "glue", engine, "--data-root", DATA_ROOT, "--suite", str(COLA))
    assert done.returncode == 0, done.stdout + done.stderr
    found = record(tmp_path)
    assert found["task"]["metrics"][0] == "mcc"
    (cell,) = found["cells"]
    metrics = {stage: result["metrics"] for stage, result in results(cell).items()}
    assert metrics["prepare"]["train_rows"] == 8_551 and metrics["evaluate"]["rows"] == 1_043
    (folder,) = (tmp_path / "stages").glob("evaluate-*/")
    with (folder / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    labels = np.array([int(row["label"]) for row in rows])
    for role in ("teacher", "student"):
        predicted = np.array([int(row[role]) for row in rows])
        expected = np.corrcoef(labels, predicted)[0, 1] if len(set(predicted)) > 1 else 0.0
        assert metrics["evaluate"][f"{role}_mcc"] == pytest.approx(expected, abs=1e-9)
        assert metrics["evaluate"][f"{role}_accuracy"] == pytest.approx((labels == predicted).mean())
    assert "MCC" in (tmp_path / "latest" / "report.md").read_text(encoding="utf-8")
