"""One round of one subject, in a process of its own: `python -m tinybert.measuring.round --orders orders.json`.

Loads the model, times first and warm dataset passes, hands the forward passes to pytest-benchmark (`forward.py`), and writes `facts.json`
last, by atomic rename. What the machine did meanwhile the stage that started this process watches from outside.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import os
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from tinybert import artifacts, engine_choice
from tinybert.measuring.orders import Orders

FACTS = "facts.json"
BENCHMARK = "benchmark.json"
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tinybert.measuring.round")
    parser.add_argument("--orders", type=Path, required=True)
    path = parser.parse_args().orders.resolve()
    _die_with_parent()
    orders = Orders.read(path)
    engine_choice.use(orders.engine)
    artifacts.write_json(path.parent / FACTS, _measure(orders, path.parent))
    return 0


def _measure(orders: Orders, out: Path) -> dict[str, Any]:
    from tinybert import engine as E
    from tinybert.data.tokens import load_tokens
    from tinybert.measuring import checks, runtimes
    from tinybert.measuring.host_memory import host_bytes, peak_host_bytes

    E.setup(orders.device, orders.threads)
    facts: dict[str, Any] = {"host_before_bytes": host_bytes()}
    tokens = load_tokens(Path(orders.tokens))
    begun_s = time.perf_counter()
    try:
        runtime = runtimes.open_runtime(
            orders.runtime,
            Path(orders.directory),
            orders.labels,
            orders.precision,
            orders.device,
            orders.threads,
            out,
        )
    except runtimes.AbsentError as error:
        return {"absent": str(error)}
    E.synchronize(orders.device)
    facts["load_s"] = time.perf_counter() - begun_s
    facts["dataset_passes"] = _dataset_passes(orders, runtime)
    facts["cells"] = _forward(orders, runtime, tokens, out)
    facts["host_peak_bytes"] = peak_host_bytes()
    if orders.with_checks:
        facts["synchronization"] = asdict(checks.prove_synchronization(orders.device))
        facts["predictions"] = checks.compare_predictions(orders, runtime, tokens)
        if orders.has_labels and orders.runtime == "engine":
            facts["dev"] = checks.dev_score(orders, runtime, tokens)
        if orders.find_peak:
            facts["peak"] = checks.matrix_peak(orders.precision, orders.device)
    return facts


def _dataset_passes(orders: Orders, runtime: Any) -> list[dict[str, Any]]:
    """In the first round the first pass of a process; in every round warm ones: seconds, when, and the predictions' hash."""
    if orders.dataset_pass is None:
        return []
    from tinybert.measuring.dataset_pass import timed_pass, warm_up

    records, wanted = Path(orders.records), orders.dataset_pass
    passes: list[dict[str, Any]] = []
    if not orders.with_first_pass:
        warm_up(runtime, records, wanted["batch_size"], wanted["padded_length"])
    for _ in range(orders.with_first_pass + wanted["passes"]):
        begin_ns = time.monotonic_ns()
        seconds, predictions = timed_pass(
            runtime, records, wanted["batch_size"], wanted["padded_length"], orders.device
        )
        digest = hashlib.sha256(predictions.astype(np.int32).tobytes()).hexdigest()
        passes.append(
            {
                "is_first": orders.with_first_pass and not passes,
                "seconds": seconds,
                "window_ns": [begin_ns, time.monotonic_ns()],
                "rows": len(predictions),
                "predictions_sha256": digest,
            }
        )
    return passes


def _forward(orders: Orders, runtime: Any, tokens: Any, out: Path) -> dict[str, Any]:
    """The facts of every cell; the samples lie in pytest-benchmark's own file."""
    if not orders.cells:
        return {}
    import pytest

    from tinybert.measuring import forward

    plugin = forward.Plugin(orders, runtime, tokens)
    arguments = [
        str(Path(forward.__file__)),
        f"--benchmark-json={out / BENCHMARK}",
        "--benchmark-disable-gc",
        "--benchmark-warmup=off",
        f"--rootdir={out}",
        f"--config-file={os.devnull}",
        "--override-ini=python_files=forward.py",
        "-p", "no:cacheprovider",
        "-q",
    ]  # fmt: skip
    if (status := pytest.main(arguments, plugins=[plugin])) != 0:
        raise RuntimeError(f"pytest-benchmark ended with status {int(status)}")
    return plugin.facts


def _die_with_parent() -> None:
    """A stage that is killed leaves no process behind that would load the machine during the next measurement."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
