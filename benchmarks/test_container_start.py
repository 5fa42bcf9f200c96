"""What a container adds to a stage: the same command inside and outside, in turns. The bar: 1 s.

The stage is given a spec that breaks the contract, so that starting, importing and ending is all there is.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from harness.container.build import ensure
from harness.container.catalog import find_image
from harness.container.docker_engine import connect, presence
from harness.executor.base import Executor, StageCommand
from harness.executor.docker import DockerExecutor
from harness.executor.isolation import limits
from harness.executor.local import LocalExecutor
from harness.resolve.environment import ensure_environment

ROUNDS = 10


@pytest.mark.docker
def test_what_a_container_adds(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    if not presence().answers:
        pytest.skip(presence().why)
    client = connect()
    built = ensure(client, find_image("torch-2-cpu"), strict=False, report=print)
    inside = DockerExecutor(client, "torch-2-cpu", built.image_id, limits(None, None))
    outside = LocalExecutor(ensure_environment("torch", print).python)
    spec, out, data = tmp_path / "spec.json", tmp_path / "out", tmp_path / "data"
    spec.write_text("{}")
    out.mkdir()
    data.mkdir()
    command = StageCommand("prepare", spec, (data,), out, tmp_path / "log")
    seconds: dict[str, list[float]] = {"inside": [], "outside": []}

    def timed(name: str, executor: Executor) -> None:
        begun_s = time.perf_counter()
        assert executor.run(command, lambda _event: None, None).code == 2
        seconds[name].append(time.perf_counter() - begun_s)

    def both() -> None:
        timed("outside", outside)
        timed("inside", inside)

    benchmark.pedantic(both, rounds=ROUNDS, warmup_rounds=1)
    inside_s, outside_s = (statistics.median(seconds[name][1:]) for name in ("inside", "outside"))
    benchmark.extra_info |= {"inside_s": inside_s, "outside_s": outside_s, "added_s": inside_s - outside_s}
    print(f"\noutside {outside_s:.2f} s, inside {inside_s:.2f} s: a container adds {inside_s - outside_s:.2f} s")
