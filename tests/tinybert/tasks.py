"""Tasks as the contract has them: one like SST-2 with any changes, and those of `suites/tasks.yaml`. Needs no engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml  # comes with tokenizers: huggingface-hub needs it

from tinybert.spec import SCHEMAS, Task

ROOT = Path(__file__).parents[2]


def raw_task(**changes: Any) -> dict[str, Any]:
    """A task valid against `contract/task.schema.json`: SST-2's shape, but for the changes."""
    return {
        "name": "SST-2",
        "labels": ["0", "1"],
        "scores": None,
        "metrics": ["accuracy"],
        "header": True,
        "columns": {"text_a": "sentence", "text_b": None, "label": "label"},
        "left_out": [],
        "irregular_rows": "refuse",
        "train": "train.tsv",
        "dev": {"dev": "dev.tsv"},
        "test": {},
    } | changes


def make_task(**changes: Any) -> Task:
    return Task.of(raw_task(**changes))


TABLE: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "suites" / "tasks.yaml").read_text(encoding="utf-8"))
FIELDS = json.loads((SCHEMAS / "task.schema.json").read_text(encoding="utf-8"))["properties"]
GLUE = {name: {"name": name} | {field: row[field] for field in FIELDS if field in row} for name, row in TABLE.items()}
"""Each task of the table, by name."""
PUBLISHED_ROWS = {name: {file: facts["rows"] for file, facts in row["files"].items()} for name, row in TABLE.items()}
"""Of each task's files, by task and file; without the rows that are left out."""


def glue(name: str) -> Task:
    return Task.of(GLUE[name])
