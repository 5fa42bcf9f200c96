"""A stand-in for the pipeline: keeps the contract as a real stage does, and misbehaves as `behaviour.json` in the root orders."""

import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
METRICS = {
    "prepare": {"train_rows": 40, "dev_rows": 20},
    "teacher": {"dev_score": 0.9, "best_step": 4, "steps": 4, "train_rows": 40, "rows_per_s": 100},
    "distill": {"start_dev_score": 0.5, "dev_score": 0.8, "best_step": 4, "steps": 8, "train_rows": 40},
    "augment": {
        "train_rows": 40, "rows": 500, "distinct_sentences": 40, "samples": 800, "eligible_words": 160, "replaced_words": 1200,
        "duplicates": 340, "tokens_mean": 9.5, "words_with_vectors": 3, "ofrecord_rows": 500,
    },
    "measure": {
        "teacher_parameters": 1000, "student_parameters": 100, "teacher_dataset_pass_s": 2.0, "student_dataset_pass_s": 0.5, "speedup": 4.0,
    },
    "export": {"disk_bytes": 400, "max_logit_difference": 0.0},
}  # fmt: skip
SHAPE = {"layers": 4, "hidden_size": 312, "heads": 12, "intermediate_size": 1200}
PARAMETERS = {"embeddings": 60, "layers": 30, "pooler": 10, "encoder": 100, "head": 2, "projection": 0, "serving": 102}
TIMING = {
    "status": "valid", "reasons": [], "median": 0.5, "interval": [0.4, 0.6], "p90": None, "p99": None, "minimum": 0.5, "variation": 0.01,
    "calls": 3, "rounds": 3, "outliers": 0, "round_medians": [0.5, 0.5, 0.6], "attempts": 1, "detectable_change": 0.05,
}  # fmt: skip
MODEL = {
    "parameters": PARAMETERS, "shape": SHAPE, "disk_bytes": 400, "load_s": [0.1], "first_pass_s": [0.6], "dataset_pass_s": [0.5, 0.5, 0.6],
    "dataset_pass": TIMING,
}  # fmt: skip
LAYER_MAP = {"hidden": [0, 1, 3, 4, 6], "attention": [0, 2, 3, 5]}
PROTOCOL = {
    "rows": 20, "batch_size": 32, "padded_length": 128, "loader": "included", "rounds": 3, "passes_per_round": 1, "order": [],
    "forward": {"cells": []}, "synchronization": {"proved": True, "unsynchronised_ms": 1.0, "synchronised_ms": 9.0}, "clocks": "unknown",
}  # fmt: skip
DETAILS = {
    "prepare": {"source": "directory", "files": {}, "label_counts": {"train": {}, "dev": {}}, "absent_tests": []},
    "distill": {"start": "projected", "objective": "masked-scores", "schedule": "two-phase", "layer_map": LAYER_MAP},
    "augment": {
        "mode": "published",
        "candidates": "masked-lm",
        "candidate_sources": {"masked-lm": 150, "vectors": 5, "none": 5},
        "vectors": {"kind": "glove", "file": "glove.txt", "dimension": 50, "words_asked": 4, "words_found": 3},
        "masked_lm": {"head": "pretrained"},
        "examples": [{"row": 0, "texts": ["a fine film"], "variants": [["a good film"]]}],
    },
    "measure": {
        "models": {role: {"role": role} | MODEL for role in ("teacher", "student")},
        "protocol": PROTOCOL,
        "dataset_pass_speedup": {"ratio": 1.0, "interval": [0.9, 1.1]},
        "forward": [],
        "absent": [],
        "speedups": [],
        "peers": [],
        "subjects": [],
        "peaks": {},
        "readings": {},
    },
}


def evaluated(task):
    """Metrics and details of `evaluate`: every metric 0.9 and 0.8, on every dev set."""
    is_regression = task["scores"] is not None
    counts = {"rows": 20, "teacher": 18, "student": 16, "both": 15, "only_teacher": 3, "only_student": 1, "neither": 1}
    metrics = {"rows": 20}
    if not is_regression:
        metrics |= {"teacher_correct": 18, "student_correct": 16, "both_correct": 15}
        metrics |= {"only_teacher_correct": 3, "only_student_correct": 1, "neither_correct": 1}
    dev_sets = []
    for name in task["dev"]:
        suffix = f"_{name}" if dev_sets else ""
        for metric in task["metrics"]:
            metrics |= {f"teacher_{metric}{suffix}": 0.9, f"student_{metric}{suffix}": 0.8}
        score = {
            who: {metric: {"value": value, "interval": [value - 0.1, value + 0.1]} for metric in task["metrics"]}
            for who, value in (("teacher", 0.9), ("student", 0.8), ("change", -0.1))
        }
        size = len(task["labels"])
        confusion = [[20 // size if row == column else 0 for column in range(size)] for row in range(size)]
        bins = [{"low": 0.0, "high": 1.0, "rows": 20, "confidence": 0.9, "accuracy": 0.9}]
        calibration = {role: {"ece": 0.0, "bins": bins} for role in ("teacher", "student")}
        by_label = [{"label": label, "rows": 20 // size, "teacher": 0.9, "student": 0.8} for label in task["labels"]]
        dev_sets.append(
            {
                "name": name,
                "rows": 20,
                "scores": score,
                "counts": None if is_regression else counts,
                "confusion": None if is_regression else {"teacher": confusion, "student": confusion},
                "agreement": None if is_regression else 0.8,
                "calibration": None if is_regression else calibration,
                "by_length": [{"low": 3, "high": 9, "rows": 20, "teacher": 0.9, "student": 0.8}],
                "by_label": None if is_regression else by_label,
                "wrong": [],
            }
        )
    return metrics, {"dev_sets": dev_sets, "submissions": {}}


def emit(**event: object) -> None:
    print(json.dumps(event), flush=True)


def main() -> int:
    stage = sys.argv[1]
    spec = json.loads(Path(sys.argv[3]).read_text())
    out = Path(sys.argv[5])
    behaviour = json.loads((ROOT / "behaviour.json").read_text()).get(stage, {})
    with (ROOT / "started.txt").open("a") as file:
        file.write(f"{stage} {spec['engine']} {os.getpid()}\n")
    emit(event="start", stage=stage)
    print("log noise of an engine", file=sys.stderr, flush=True)
    if behaviour.get("garbage"):
        os.write(1, b'loading model...\n\xff\xfe\n{"event": "unheard of"}\n' + b"x" * 3_000_000 + b"\n")
    if "error" in behaviour:
        emit(event="error", exit_code=behaviour["error"], message="train.tsv:3: no such label '7': allowed: 0, 1")
        return int(behaviour["error"])
    if "kill" in behaviour:
        os.kill(os.getpid(), behaviour["kill"])
    if "raise" in behaviour:
        raise RuntimeError("a fault of ours")

    steps = 10
    checkpoint = out / "checkpoint"
    done = int(checkpoint.read_text()) if checkpoint.exists() else 0
    if done:
        emit(event="note", message=f"resumed from step {done}")

    def stop(number: int, _frame: object) -> None:
        checkpoint.write_text(str(done))
        emit(event="error", exit_code=128 + number, message="stopped; run the same command again to resume")
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, signal.SIG_IGN if behaviour.get("deaf") else stop)
    while done < steps:
        time.sleep(behaviour.get("step_s", 0))
        done += 1
        emit(
            event="progress", phase=f"{stage} epoch 1/1", done=done, total=steps, unit="rows", values={"loss": 1 / done}
        )
    if behaviour.get("no result"):
        return 0
    if stage == "distill" and "augment" in spec["inputs"]:
        METRICS[stage]["train_rows"] = 500
    text = json.dumps([spec["options"], spec["seed"], stage])
    (out / "artifact.txt").write_text(text)
    result = {
        "contract": 1, "stage": stage, "key": spec["key"], "started_at": "2026-11-22T21:00:00+00:00", "seconds": 1.5, "resumes": 0,
        "environment": {
            "python": "3.11.7", "platform": "Linux", "engine": spec["engine"], "engine_version": "0", "device": "cpu",
            "device_name": "stand-in", "threads": spec["threads"], "packages": {},
        },
        "metrics": evaluated(spec["task"])[0] if stage == "evaluate" else METRICS[stage], "series": {},
        "artifacts": {"artifact": {"path": "artifact.txt", "sha256": hashlib.sha256(text.encode()).hexdigest(), "bytes": len(text)}},
        "details": evaluated(spec["task"])[1] if stage == "evaluate" else DETAILS.get(stage, {}),
    }  # fmt: skip
    (out / "result.json.partial").write_text(json.dumps(result))
    (out / "result.json.partial").rename(out / "result.json")
    emit(event="end", seconds=1.5)
    return 0


sys.exit(main())
