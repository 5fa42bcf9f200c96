from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tinybert.training import checkpoint
from tinybert.training.checkpoint import Progress

PROGRESS = Progress(
    phase=1,
    step=3,
    total_steps=13,
    rows_seen=104,
    window=[{"loss": 0.1}],
    best_score=0.75,
    phase_seconds=[1.5, 0.25],
    train_rows=[["a", 10, 80, 0.3, None, 1e-3]],
)
ARRAYS = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "step": np.array(3, np.float32)}


def test_saved_and_loaded(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, PROGRESS, ARRAYS)
    loaded = checkpoint.load(tmp_path)
    assert loaded is not None
    progress, arrays = loaded
    assert progress == PROGRESS
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].shape == array.shape


def test_none_yet(tmp_path: Path) -> None:
    assert checkpoint.load(tmp_path) is None


@pytest.mark.parametrize("fraction", [0, 0.1, 0.5, 0.99])
def test_truncated_is_said_and_not_used(tmp_path: Path, fraction: float, capfd: pytest.CaptureFixture[str]) -> None:
    checkpoint.save(tmp_path, PROGRESS, ARRAYS)
    path = tmp_path / checkpoint.FILE
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * fraction)])
    assert checkpoint.load(tmp_path) is None
    assert "training begins anew" in capfd.readouterr().out
