"""A pipeline small enough for tests: 96 rows of eight-word reviews, a vocabulary of 200, a teacher of 4 layers, 32 wide."""

from __future__ import annotations

import copy
import importlib
import json
import os
import string
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.tinybert.tasks import raw_task
from tinybert import engine as E
from tinybert.data.batches import Batch
from tinybert.engine_choice import VARIABLE
from tinybert.model.config import BertConfig
from tinybert.model.weights import Weights, random_weights, save_model
from tinybert.result import Clock, EngineFacts, StageContext, write_result
from tinybert.spec import load_spec, violations

ROOT = Path(__file__).parents[2]
THREADS = 1
TEACHER = BertConfig(layers=4, hidden_size=32, heads=4, intermediate_size=64, vocab_size=200, max_positions=32)
STUDENT = {"layers": 2, "hidden_size": 24, "heads": 4, "intermediate_size": 48}
TASK = raw_task(name="tiny")
PHASE = {"epochs": 2, "learning_rate": 3e-3, "weight_decay": 0.01, "warmup_fraction": 0.1, "schedule": "linear"}
COMMON = {
    "rows": None,
    "batch_size": 8,
    "max_length": 16,
    "padding": "dynamic",
    "evaluations_per_epoch": 2,
    "checkpoint_s": 30,
}
OPTIONS: dict[str, dict[str, Any]] = {
    "prepare": {"source": "directory", "sample": None, "max_length": 16},
    "teacher": COMMON | PHASE,
    "distill": COMMON
    | {
        "student": STUDENT,
        "start": "projected",
        "schedule": "two-phase",
        "objective": "masked-scores",
        "layer_map": "uniform",
        "intermediate": PHASE,
        "prediction": PHASE,
        "joint": None,
        "temperature": 1,
        "loss_weights": {"embedding": 1, "hidden": 1, "attention": 1, "prediction": 1},
        "hard_label_weight": 0,
    },
    "evaluate": {"batch_size": 7, "max_length": 16, "submissions": ["teacher", "student"]},
    "measure": {
        "models": None,
        "rounds": 2,
        "attempts": 1,
        "dataset_pass": {"batch_size": 8, "padded_length": 16, "passes": 1},
        "forward": {
            "cells": [{"runtime": "engine", "precision": "float32", "batch_sizes": [1, 8], "lengths": [16, "real"]}],
            "warmup": {"calls": 2, "seconds": 0, "limit_s": 1},
            "round": {"calls": 3, "seconds": 0},
        },
    },
    "export": {"check_rows": 10},
}
AUGMENT: dict[str, Any] = {
    "mode": "published",
    "candidates": "masked-lm",
    "rows": None,
    "samples": 4,
    "candidates_per_word": 5,
    "replace_probability": 0.4,
    "max_length": 16,
    "precision": "float32",
    "batch_tokens": 512,
    "vectors": {"rows": 1000, "member": None},
    "head": {
        "rows": None,
        "copies": 1,
        "batch_size": 8,
        "learning_rate": 1e-3,
        "weight_decay": 0.01,
        "warmup_fraction": 0.1,
        "schedule": "linear",
        "evaluations": 1,
        "checkpoint_s": 30,
    },
}
"""The stage that not every pipeline has."""
GOOD = ["fine", "great", "lovely", "superb", "witty"]
BAD = ["awful", "boring", "dull", "poor", "stale"]
NEUTRAL = ["a", "acting", "all", "and", "film", "in", "is", "it", "of", "plot", "the", "this", "with"]

E.setup("cpu", THREADS)


class Project:
    """Where the stages of one tiny pipeline lie. `run` runs a stage in this process, `command` as the command it is."""

    def __init__(self, root: Path, task: dict[str, Any] = TASK, write: Callable[[Path], None] | None = None) -> None:
        """`write` puts the task's files into a folder; without it there are reviews."""
        self.root = root
        self.task = task
        self.data = root / "data"
        self.weights = root / "weights"
        (write or _write_data)(self.data)
        write_weights(self.weights, TEACHER)

    def spec(self, stage: str, **changes: Any) -> dict[str, Any]:
        """A valid specification; `options`, `inputs` and other fields of it can be changed."""
        raw: dict[str, Any] = {
            "contract": 1,
            "stage": stage,
            "key": "0" * 64,
            "engine": E.NAME,
            "device": "cpu",
            "threads": THREADS,
            "seed": 1,
            "task": copy.deepcopy(self.task),
            "inputs": {"weights": str(self.weights), "data": str(self.data)}
            | {name: str(self.root / name) for name in OPTIONS if (self.root / name).is_dir()},
            "options": copy.deepcopy((OPTIONS | {"augment": AUGMENT})[stage]),
        }
        for part in ("options", "inputs"):
            raw[part] |= changes.pop(part, {})
        return raw | changes

    def need(self, *stages: str) -> None:
        """Run these stages in their ordinary form, unless that was done."""
        for stage in stages:
            if not (self.root / stage / "result.json").is_file():
                self.run(stage, self.root / stage)

    def run(self, stage: str, out: Path, **changes: Any) -> dict[str, Any]:
        """Run a stage in this process and return its result."""
        specification = write_spec(out, self.spec(stage, **changes))
        context = StageContext(load_spec(specification, stage), out, Clock(out))
        outcome = importlib.import_module(f"tinybert.stages.{stage}").run(context)
        write_result(context, outcome, EngineFacts(E.version(), E.device_name("cpu")))
        return read_result(out)

    def command(self, stage: str, out: Path, **changes: Any) -> list[str]:
        """The command that runs a stage."""
        return command(stage, write_spec(out, self.spec(stage, **changes)), out)


def command(stage: str, specification: Path, out: Path) -> list[str]:
    return [sys.executable, "-m", "tinybert", stage, "--spec", str(specification), "--out", str(out)]


def start(arguments: list[str], before: Callable[[], None] | None = None) -> subprocess.Popen[str]:
    """A stage as a process; `before` runs in it before the command does."""
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE} | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=ROOT,
        preexec_fn=before,
    )


@dataclass(frozen=True)
class Finished:
    """What a stage's process left: exit code, the events on its stdout, all valid, and its stderr."""

    code: int
    events: list[dict[str, Any]]
    stderr: str

    @property
    def error(self) -> str:
        """The message of the one error event, which is the last event and says the exit code; stderr has no traceback."""
        *earlier, last = self.events
        assert [event["event"] for event in earlier].count("error") == 0
        assert (last["event"], last["exit_code"]) == ("error", self.code)
        assert "Traceback" not in self.stderr
        assert "\n" not in last["message"]
        return str(last["message"])


def finish(process: subprocess.Popen[str]) -> Finished:
    stdout, stderr = process.communicate(timeout=300)
    events = [json.loads(line) for line in stdout.splitlines()]
    for event in events:
        assert violations("event.schema.json", event) == []
    return Finished(process.returncode, events, stderr)


def write_spec(out: Path, raw: dict[str, Any]) -> Path:
    """Beside the stage's directory, which belongs to the stage."""
    path = out.with_name(f"{out.name}.spec.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(raw), encoding="utf-8")
    out.mkdir(exist_ok=True)
    return path


def read_result(out: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((out / "result.json").read_text(encoding="utf-8"))
    return result


def write_weights(directory: Path, config: BertConfig, seed: int = 7) -> Weights:
    """A Hugging Face directory with a vocabulary of the config's size."""
    tokenizer = directory.with_name(f"{directory.name}.tokenizer")
    tokenizer.mkdir(parents=True, exist_ok=True)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *GOOD, *BAD, *NEUTRAL]
    words += [*string.ascii_lowercase[1:], *(f"##{letter}" for letter in string.ascii_lowercase)]
    words += [f"[unused{number}]" for number in range(config.vocab_size - len(words))]
    (tokenizer / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    (tokenizer / "tokenizer_config.json").write_text('{"do_lower_case": true, "tokenizer_class": "BertTokenizer"}')
    weights = random_weights(config, seed)
    save_model(directory, config, weights, tokenizer)
    return weights


def batch_of(lengths: list[int], padded_length: int, vocabulary: int = 200, seed: int = 0) -> Batch:
    """Random ids in rows of these lengths; the second half of each row is segment 1."""
    rng = np.random.default_rng(seed)
    mask = (np.arange(padded_length) < np.array(lengths)[:, None]).astype(np.int64)
    ids = rng.integers(5, vocabulary, mask.shape) * mask
    segments = (np.arange(padded_length) >= np.array(lengths)[:, None] // 2).astype(np.int64) * mask
    rows = np.arange(len(lengths))
    return Batch(ids, mask, segments, rows % 2, rows)


def padded(batch: Batch, extra: int) -> Batch:
    """The same rows with `extra` more columns of padding."""
    arrays = {
        name: np.pad(getattr(batch, name), ((0, 0), (0, extra)))
        for name in ("input_ids", "attention_mask", "segment_ids")
    }
    return replace(batch, **arrays)


def _write_data(directory: Path) -> None:
    rng = np.random.default_rng(0)
    directory.mkdir(parents=True)
    for name, count in (("train", 64), ("dev", 32)):
        lines = ["sentence\tlabel"]
        for row in range(count):
            label = row % 2
            telling = rng.choice(GOOD if label else BAD, 2)
            words = [*rng.choice(NEUTRAL, rng.integers(2, 7)), *telling]
            lines.append(f"{' '.join(rng.permutation(words))}\t{label}")
        (directory / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
