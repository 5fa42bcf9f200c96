"""The stage measure again and again on an unchanged TinyBERT-4L: how often successive medians differ by less than their interval.

Prints JSON. Runs in the environment of the engine torch (`test_repeats.py` starts it).
"""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from tinybert.data.tokens import Tokens, save_tokens

RUNS = 11
ROWS = 128
SHAPE = {"layers": 4, "hidden_size": 312, "heads": 12, "intermediate_size": 1200}
OPTIONS = {
    "models": [{"name": "TinyBERT-4L", "role": "student", "shape": SHAPE}],
    "rounds": 3,
    "attempts": 2,
    "dataset_pass": None,
    "forward": {
        "cells": [{"runtime": "engine", "precision": "float32", "batch_sizes": [1, 32], "lengths": [128, "real"]}],
        "warmup": {"calls": 3, "seconds": 0.3, "limit_s": 3},
        "round": {"calls": 5, "seconds": 0.5},
    },
}
TASK = {
    "name": "SST-2", "labels": ["0", "1"], "scores": None, "metrics": ["accuracy"], "header": True,
    "columns": {"text_a": "sentence", "text_b": None, "label": "label"},
    "left_out": [], "irregular_rows": "refuse", "train": "train.tsv", "dev": {"dev": "dev.tsv"}, "test": {},
}  # fmt: skip


def main() -> None:
    folder = Path(sys.argv[1])
    _write_tokens(folder / "prepare" / "dev.safetensors")
    runs = [_measure(folder, number) for number in range(RUNS)]
    pairs = [
        abs(first[cell]["median"] - second[cell]["median"]) < min(_width(first[cell]), _width(second[cell]))
        for first, second in pairwise(runs)
        for cell in first.keys() & second.keys()
        if first[cell]["status"] == second[cell]["status"] == "valid"
    ]
    timings = [timing for run in runs for timing in run.values()]
    widths = [_width(timing) / timing["median"] for timing in timings if timing["status"] == "valid"]
    print(
        json.dumps(
            {
                "pairs": len(pairs),
                "agreeing": sum(pairs),
                "timings": len(timings),
                "valid": len(widths),
                "retried": sum(timing["attempts"] == 2 for timing in timings),
                "median_relative_width": float(np.median(widths)),
            }
        )
    )


def _measure(folder: Path, number: int) -> dict[str, dict[str, Any]]:
    out, spec = folder / f"run-{number}", folder / f"run-{number}.json"
    orders = {
        "contract": 1, "stage": "measure", "key": "0" * 64, "engine": "torch", "device": "cpu", "threads": 2, "seed": number,
        "task": TASK, "inputs": {"prepare": str(folder / "prepare")}, "options": OPTIONS,
    }  # fmt: skip
    spec.write_text(json.dumps(orders))
    command = [sys.executable, "-m", "tinybert", "measure", "--spec", str(spec), "--out", str(out)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    forward = json.loads((out / "result.json").read_text())["details"]["forward"]
    return {f"batch {each['batch_size']}, {each['length']}": each["timing"] for each in forward}


def _width(timing: dict[str, Any]) -> float:
    low, high = timing["interval"]
    return float(high - low)


def _write_tokens(path: Path) -> None:
    """Rows as long as SST-2's dev rows are: 25 tokens on average, 6 to 55."""
    rng = np.random.default_rng(0)
    lengths = np.clip(rng.normal(25, 10, ROWS).round(), 6, 55).astype(np.int64)
    ids = rng.integers(1000, 30000, lengths.sum()).astype(np.uint16)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    path.parent.mkdir(parents=True)
    save_tokens(path, Tokens(ids, offsets, lengths.astype(np.uint16), np.zeros(ROWS, np.int32)))


if __name__ == "__main__":
    main()
