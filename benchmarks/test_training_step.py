"""A training step of the 4-layer student on OneFlow takes at most 3.5 times PyTorch's, on the CPU with every core (docs/engines.md).

Both engines run as processes and take turns, and the median of the ratios counts, so that other work on the machine hits both alike.
"""

from __future__ import annotations

import os
import statistics
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

ROOT = Path(__file__).parents[1]
LIMIT = 3.5
BATCH_SIZE = 32
ROUNDS, WARMUP_ROUNDS = 9, 2


class Stepper:
    """A process that runs one training step for each line it is sent."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def step(self) -> float:
        """Seconds."""
        assert self._process.stdin is not None and self._process.stdout is not None
        print(file=self._process.stdin, flush=True)
        return float(self._process.stdout.readline())


@contextmanager
def _stepper(engine: str, length: int) -> Iterator[Stepper]:
    python = ROOT / f".venv-{engine}" / "bin" / "python"
    if not python.exists():
        pytest.skip(f"no .venv-{engine}: make setup creates it")
    numbers = [len(os.sched_getaffinity(0)), BATCH_SIZE, length]
    command = [str(python), "-m", "benchmarks.training_step", engine, *map(str, numbers)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Stepper(process)


@pytest.mark.parametrize("length", [16, 64, 128])
def test_oneflow_keeps_within_its_limit(benchmark: BenchmarkFixture, length: int) -> None:
    with _stepper("torch", length) as torch, _stepper("oneflow", length) as oneflow:
        torch_s: list[float] = []
        oneflow_s: list[float] = []
        benchmark.pedantic(
            lambda: oneflow_s.append(oneflow.step()),
            setup=lambda: torch_s.append(torch.step()),
            rounds=ROUNDS,
            warmup_rounds=WARMUP_ROUNDS,
        )
    ratios = [mine / peer for mine, peer in zip(oneflow_s[-ROUNDS:], torch_s[-ROUNDS:], strict=True)]
    benchmark.extra_info |= {
        "ratio_to_torch": statistics.median(ratios),
        "torch_median_s": statistics.median(torch_s[-ROUNDS:]),
    }
    assert statistics.median(ratios) <= LIMIT, f"OneFlow takes {statistics.median(ratios):.2f} times PyTorch's time"
