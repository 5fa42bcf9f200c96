"""Tasks of GLUE as a record holds them (tinybert/contract/task.schema.json)."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def _task(name: str, labels: list[str], metrics: list[str], **changes: Any) -> Json:
    task: Json = {
        "name": name,
        "labels": labels,
        "scores": None,
        "metrics": metrics,
        "header": True,
        "columns": {"text_a": "sentence1", "text_b": "sentence2", "label": "label"},
        "left_out": [],
        "irregular_rows": "refuse",
        "train": "train.tsv",
        "dev": {"dev": "dev.tsv"},
        "test": {
            name: {"file": "test.tsv", "header": True, "id": "index", "text_a": "sentence1", "text_b": "sentence2"}
        },
    }
    return task | changes


def sst_2() -> Json:
    return _task("SST-2", ["0", "1"], ["accuracy"], columns={"text_a": "sentence", "text_b": None, "label": "label"})


def cola() -> Json:
    return _task(
        "CoLA", ["0", "1"], ["mcc", "accuracy"], header=False, columns={"text_a": 3, "text_b": None, "label": 1}
    )


def mnli() -> Json:
    return _task(
        "MNLI",
        ["contradiction", "entailment", "neutral"],
        ["accuracy"],
        dev={"matched": "dev_matched.tsv", "mismatched": "dev_mismatched.tsv"},
    )


def sts_b() -> Json:
    return _task("STS-B", ["score"], ["corr", "pearson", "spearman"], scores={"low": 0, "high": 5})
