"""The prediction phase with the teacher's logits kept against the teacher run in every step, a BERT-base teacher and a TinyBERT-4L student.

Predicted: at 16 tokens a row the teacher's pass takes 2.7 GFLOP and the student's step 0.44, so 7 times the rows per second were the
student's products as fast as the teacher's. Measured on two cores of an AMD EPYC: 4.6 times at 16 tokens, 5.0 at 64, 4.6 at 128 (0.144,
0.571 and 1.43 s a step with kept logits): the student's products are smaller, and dropout and optimiser take a fifth of its step.
"""

from __future__ import annotations

import os
import statistics

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.torch_process import last_line, run
from harness.resolve.environment import ensure_environment

BATCH_SIZE, ROUNDS = 32, 7
# The aim was 5; what keeps it below is said above.
BAR = 4.0


@pytest.mark.parametrize("length", [16, 64, 128])
def test_kept_logits(length: int, benchmark: BenchmarkFixture) -> None:
    python = ensure_environment("torch", print).python
    numbers = (len(os.sched_getaffinity(0)), BATCH_SIZE, length, ROUNDS)
    command = [python, "-m", "benchmarks.prediction_step", "torch", *numbers]
    found = last_line(benchmark.pedantic(lambda: run(command), rounds=1))
    ratio = statistics.median(
        uncached / cached for cached, uncached in zip(found["cached_s"], found["uncached_s"], strict=True)
    )
    benchmark.extra_info |= {"ratio": ratio, "cached_s": statistics.median(found["cached_s"])}
    print(f"{length} tokens: {ratio:.1f} times, {statistics.median(found['cached_s']):.3f} s a step with kept logits")
    assert ratio >= BAR
