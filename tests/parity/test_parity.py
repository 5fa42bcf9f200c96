"""OneFlow, PyTorch and Hugging Face transformers give the same answer to the same weights and batch.

Each runs in its own environment as a process (`probe.py`), so these tests themselves need NumPy and safetensors alone.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from tinybert.model.config import BertConfig
from tinybert.model.weights import random_weights, save_model

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = {"torch": ".venv-torch", "oneflow": ".venv-oneflow", "transformers": ".venv-torch"}
TOLERANCE = 1e-4  # float32 against float32; the values compared reach 10
# The published student, but for a shorter vocabulary; and heads of another width, with more layers.
SHAPES = {
    "student": BertConfig(layers=4, hidden_size=312, heads=12, intermediate_size=1200, vocab_size=2000),
    "deep": BertConfig(layers=6, hidden_size=128, heads=2, intermediate_size=512, vocab_size=500),
}
Arrays = dict[str, np.ndarray]
Answer = Callable[[str, str], Arrays]


def _batch(vocabulary: int) -> Arrays:
    """Five rows of 1 to 21 tokens, in both segments."""
    rng = np.random.default_rng(0)
    lengths = np.array([21, 20, 9, 3, 1])
    mask = (np.arange(21) < lengths[:, None]).astype(np.int64)
    return {
        "input_ids": rng.integers(1, vocabulary, mask.shape) * mask,
        "attention_mask": mask,
        "segment_ids": (np.arange(21) >= lengths[:, None] // 2) * mask,
        "labels": np.array([0, 1, 1, 0, 1]),
    }


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> Answer:
    """The answer of an implementation for a shape; each is asked once."""
    folder = tmp_path_factory.mktemp("parity")

    def ask(implementation: str, shape: str) -> Arrays:
        python = ROOT / ENVIRONMENTS[implementation] / "bin" / "python"
        if not python.exists():
            pytest.skip(f"no {ENVIRONMENTS[implementation]}: make setup creates it")
        if implementation == "transformers" and not list(python.parents[1].glob("lib/*/site-packages/transformers")):
            pytest.skip("transformers is not installed in .venv-torch: make test installs it")
        out = folder / f"{shape}-{implementation}.npz"
        if not out.exists():
            _write_inputs(folder, shape)
            environment = {name: value for name, value in os.environ.items() if name != "TINYBERT_ENGINE"} | {
                "HF_HUB_OFFLINE": "1"
            }
            arguments = [implementation, folder / shape, folder / f"{shape}.npz", out]
            command = [str(python), "-m", "tests.parity.probe", *map(str, arguments)]
            done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600)
            assert done.returncode == 0, done.stderr
        return dict(np.load(out))

    return ask


def _write_inputs(folder: Path, shape: str) -> None:
    """Weights three times as wide as BERT draws them, so that scores and biases tell; and the batch."""
    if (folder / f"{shape}.npz").exists():
        return
    config, rng = SHAPES[shape], np.random.default_rng(1)
    weights = {
        name: array + rng.standard_normal(array.shape).astype(np.float32) * np.float32(0.06)
        for name, array in random_weights(config, seed=1).items()
    }
    save_model(folder / shape, config, weights, tokenizer=folder)
    np.savez(folder / f"{shape}.npz", **_batch(config.vocab_size))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("first", "second"), list(combinations(ENVIRONMENTS, 2)))
def test_same_answer(answer: Answer, first: str, second: str, shape: str) -> None:
    a, b = answer(first, shape), answer(second, shape)
    assert a.keys() == b.keys()
    apart = {name: float(np.abs(a[name] - b[name]).max()) for name in a}
    assert max(apart.values()) < TOLERANCE, sorted(apart.items(), key=lambda item: -item[1])[:5]


def test_the_answer_depends_on_everything_compared(answer: Answer) -> None:
    """No gradient is zero and no value is flat: agreement would mean nothing."""
    for name, array in answer("torch", "student").items():
        assert name == "loss" or np.ptp(array) > 1e-3, name
