"""The forward timing: pytest-benchmark runs this file, with `Plugin` holding the model and the batches.

One sample is one call of one batch, from prepared inputs on the device to finished logits on it; the device is idle at both ends.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tinybert import engine as E
from tinybert.data.tokens import Tokens
from tinybert.measuring.forward_cells import cell_id
from tinybert.measuring.inputs import forward_batches
from tinybert.measuring.orders import Orders
from tinybert.measuring.runtimes import Runtime
from tinybert.model.config import BertConfig, read_config
from tinybert.model.shapes import forward_flop

# Warm is when the medians of two successive blocks of calls differ by less than this (1 % is out of reach on a CPU with neighbours).
WARM_DIFFERENCE = {"cpu": 0.05, "cuda": 0.01}
BLOCK_CALLS = 5


class Plugin:
    """Gives the test below its cells and keeps what pytest-benchmark's file has no place for, by cell id."""

    def __init__(self, orders: Orders, runtime: Runtime, tokens: Tokens) -> None:
        self.orders, self.runtime, self.tokens = orders, runtime, tokens
        self.config: BertConfig = read_config(Path(orders.directory))
        self.facts: dict[str, Any] = {}

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        ids = [cell_id(batch_size, length) for batch_size, length in self.orders.cells]
        metafunc.parametrize("cell", self.orders.cells, ids=ids)

    @pytest.fixture
    def plugin(self) -> Plugin:
        return self

    @pytest.hookimpl
    def pytest_benchmark_generate_machine_info(self) -> dict[str, Any]:
        """Not the whole of py-cpuinfo, which takes a second in every process; the record holds the machine."""
        return {"device": self.orders.device, "device_name": E.device_name(self.orders.device), "cpu": {}}

    @pytest.hookimpl
    def pytest_benchmark_generate_commit_info(self) -> dict[str, Any]:
        return {}


def test_forward(benchmark: Any, plugin: Plugin, cell: tuple[int, int | str]) -> None:
    orders, runtime = plugin.orders, plugin.runtime
    batches = forward_batches(plugin.tokens, *cell, orders.seed)
    inputs = [runtime.prepare(batch) for batch in batches]
    E.synchronize(orders.device)
    position = 0

    def call() -> None:
        nonlocal position
        runtime.logits(inputs[position % len(inputs)])
        E.synchronize(orders.device)
        position += 1

    def restart() -> None:
        nonlocal position
        position = 0

    first_call_ms = _timed_ms(call)
    warm, call_ms = _warm_up(call, restart, orders)
    calls = max(orders.round["calls"], orders.round["seconds"] * 1e3 / call_ms)
    cycles = math.ceil(calls / len(inputs))
    restart()
    begin_ns = time.monotonic_ns()
    benchmark.pedantic(call, rounds=cycles * len(inputs), iterations=1)
    name = cell_id(*cell)
    flop = [
        forward_flop(plugin.config, len(batch.rows), batch.input_ids.shape[1], runtime.last_row_only)
        for batch in batches
    ]
    plugin.facts[name] = {
        "first_call_ms": first_call_ms,
        "warm": warm,
        "window_ns": [begin_ns, time.monotonic_ns()],
        "batches": len(inputs),
        "gflop_per_call": sum(flop) / len(flop) / 1e9,
    }
    benchmark.extra_info.update(
        {"cell": name, "runtime": orders.runtime, "precision": orders.precision, "first_call_ms": first_call_ms}
    )


def _warm_up(call: Callable[[], None], restart: Callable[[], None], orders: Orders) -> tuple[bool, float]:
    """Call until at least so many calls and seconds have gone and two blocks agree. (Whether they came to agree, ms per call.)

    Every block is of the same first batches, so that blocks hold the same work.
    """
    wanted, difference = orders.warmup, WARM_DIFFERENCE[orders.device.partition(":")[0]]
    size = max(1, min(BLOCK_CALLS, int(wanted["calls"] / 2)))
    begun_s, calls, previous = time.perf_counter(), 0, math.inf
    while True:
        restart()
        block = [_timed_ms(call) for _ in range(size)]
        calls += size
        spent_s, median = time.perf_counter() - begun_s, statistics.median(block)
        agree = abs(median / previous - 1) < difference
        if agree and calls >= wanted["calls"] and spent_s >= wanted["seconds"]:
            return True, statistics.fmean(block)
        if spent_s >= wanted["limit_s"]:
            return False, statistics.fmean(block)
        previous = median


def _timed_ms(call: Callable[[], None]) -> float:
    begun_ns = time.perf_counter_ns()
    call()
    return (time.perf_counter_ns() - begun_ns) / 1e6
