"""Three timers on the same student, by turns: this harness, optimum-benchmark, and pytest-benchmark alone. Prints JSON.

Runs in an environment that holds the engine torch and optimum-benchmark (`test_timers.py` makes it). The student is a TinyBERT-4L with
random weights in Hugging Face's eager mode, batch 32 at 128 tokens without padding, float32: what optimum-benchmark times by default.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tinybert.data.tokens import Tokens, save_tokens
from tinybert.measuring.intervals import median_interval
from tinybert.measuring.orders import Orders
from tinybert.measuring.round import BENCHMARK
from tinybert.model.config import BertConfig
from tinybert.model.weights import random_weights, save_model

STUDENT = BertConfig(layers=4, hidden_size=312, heads=12, intermediate_size=1200, vocab_size=30522)
BATCH, LENGTH, ROUNDS, CALLS, SECONDS, WARMUP_CALLS = 32, 128, 5, 10, 3, 5
THREADS = 2

PLAIN = f"""
import torch
from transformers import AutoModelForSequenceClassification

torch.set_num_threads({THREADS})


def test_plain(benchmark):
    model = AutoModelForSequenceClassification.from_pretrained("DIRECTORY").eval()
    ids = torch.randint(1000, 30000, ({BATCH}, {LENGTH}))
    inputs = {{"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": torch.zeros_like(ids)}}
    with torch.inference_mode():
        benchmark.pedantic(model, kwargs=inputs, warmup_rounds={WARMUP_CALLS}, rounds={CALLS}, iterations=1)
"""


def main() -> None:
    folder = Path(sys.argv[1])
    model, tokens = folder / "model", folder / "tokens.safetensors"
    save_model(model, STUDENT, random_weights(STUDENT, 1), folder / "no-tokenizer")
    rows = 4 * BATCH
    ids = np.random.default_rng(0).integers(1000, 30000, rows * LENGTH).astype(np.uint16)
    offsets = np.arange(rows + 1, dtype=np.int64) * LENGTH
    whole = Tokens(ids, offsets, np.full(rows, LENGTH, np.uint16), np.zeros(rows, np.int32))
    save_tokens(tokens, whole)
    timers: dict[str, Callable[[Path], list[float]]] = {
        "this harness": lambda out: _ours(model, tokens, out),
        "optimum-benchmark": lambda out: _optimum(model, out),
        "pytest-benchmark": lambda out: _plain(model, out),
    }
    rounds: dict[str, list[list[float]]] = {name: [] for name in timers}
    for number in range(ROUNDS):
        for name in random.Random(number).sample(list(timers), len(timers)):
            out = folder / f"{number}-{name.replace(' ', '-')}"
            out.mkdir()
            rounds[name].append([1e3 * second for second in timers[name](out)])
    found = {name: median_interval(each) for name, each in rounds.items()}
    print(json.dumps({name: {"median_ms": e.value, "low_ms": e.low, "high_ms": e.high} for name, e in found.items()}))


def _ours(model: Path, tokens: Path, out: Path) -> list[float]:
    orders = Orders(
        directory=str(model), runtime="transformers", precision="float32", device="cpu", threads=THREADS, engine="torch",
        labels=("0", "1"), metric="accuracy", seed=1, tokens=str(tokens), records="", dataset_pass=None, cells=((BATCH, LENGTH),),
        warmup={"calls": WARMUP_CALLS, "seconds": 0, "limit_s": 30}, round={"calls": CALLS, "seconds": 0},
        with_first_pass=False, with_checks=False, has_labels=False, find_peak=False,
    )  # fmt: skip
    orders.write(out / "orders.json")
    _run([sys.executable, "-m", "tinybert.measuring.round", "--orders", str(out / "orders.json")], out)
    return _samples(out / BENCHMARK)


def _optimum(model: Path, out: Path) -> list[float]:
    """optimum-benchmark 0.6.0 inside the process that is started here: its own process launcher keeps a second process spinning, which
    doubles the times on two cores. It passes `inter_op_num_threads` to `torch.set_num_threads`, and the other one to the other.
    """
    script = f"""
import json
from optimum_benchmark import Benchmark, BenchmarkConfig, InferenceConfig, InlineConfig, PyTorchConfig

if __name__ == "__main__":
    config = BenchmarkConfig(
        name="student",
        launcher=InlineConfig(),
        scenario=InferenceConfig(
            latency=True, warmup_runs={WARMUP_CALLS}, iterations={CALLS}, duration={SECONDS},
            input_shapes={{"batch_size": {BATCH}, "sequence_length": {LENGTH}}},
        ),
        backend=PyTorchConfig(
            model={str(model)!r}, task="text-classification", library="transformers", device="cpu",
            inter_op_num_threads={THREADS},
        ),
    )
    report = Benchmark.launch(config)
    json.dump(report.forward.latency.values, open({str(out / "values.json")!r}, "w"))
"""
    (out / "optimum.py").write_text(script)
    _run([sys.executable, str(out / "optimum.py")], out)
    values: list[float] = json.loads((out / "values.json").read_text())
    return values


def _plain(model: Path, out: Path) -> list[float]:
    (out / "test_plain.py").write_text(PLAIN.replace("DIRECTORY", str(model)))
    _run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            str(out),
            f"--benchmark-json={out / 'plain.json'}",
            "-p",
            "no:cacheprovider",
        ],
        out,
    )
    return _samples(out / "plain.json")


def _samples(path: Path) -> list[float]:
    samples: list[float] = json.loads(path.read_text())["benchmarks"][0]["stats"]["data"]
    return samples


def _run(command: list[str], folder: Path) -> None:
    """In `folder`: optimum-benchmark leaves a log where it is started."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


if __name__ == "__main__":
    main()
