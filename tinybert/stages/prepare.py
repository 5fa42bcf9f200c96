"""Read a task's files, or generate the embedded sample, and store them as tokens and as OFRecord. Needs no engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinybert import artifacts, events, stop
from tinybert.data import sample
from tinybert.data.ofrecord import write_records
from tinybert.data.tokenizer import load_tokenizer, save_tokenizer
from tinybert.data.tokens import Tokens, save_tokens, tokenize
from tinybert.data.tsv import Examples, read_examples
from tinybert.errors import BadInputError
from tinybert.result import Outcome, StageContext
from tinybert.spec import StageSpec

SPLITS = ("train", "dev")
RECORDS = {"train": "ofrecord/train/train.of_record-0", "dev": "ofrecord/eval/eval.of_record-0"}
"""The published layout calls the dev set `eval`."""


def run(context: StageContext) -> Outcome:
    spec, out = context.spec, context.out
    tokenizer = load_tokenizer(spec.inputs["weights"])
    directory = _source(spec, out)
    examples = {split: read_examples(directory / f"{split}.tsv", spec.task) for split in SPLITS}
    tokens: dict[str, Tokens] = {}
    truncated_rows = 0
    for split in SPLITS:
        report = _reporter(f"tokenize {split}", len(examples[split]))
        tokens[split], cut = tokenize(tokenizer, examples[split], spec.options["max_length"], report)
        truncated_rows += cut
    records: dict[str, int] = {}
    for split in SPLITS:
        stop.check()
        save_tokens(out / f"{split}.safetensors", tokens[split])
        records[split] = write_records(out / RECORDS[split], tokens[split])
    _write_rows(out / "dev.jsonl", examples["dev"])
    save_tokenizer(tokenizer, spec.inputs["weights"], out / "tokenizer")
    made = {"sample": "sample"} if spec.options["source"] == "sample" else {}
    return Outcome(
        metrics=_metrics(tokens)
        | {
            "truncated_rows": truncated_rows,
            "ofrecord_train_rows": records["train"],
            "ofrecord_eval_rows": records["dev"],
        },
        artifacts={
            "train": "train.safetensors",
            "dev": "dev.safetensors",
            "dev_rows": "dev.jsonl",
            "ofrecord": "ofrecord",
            "tokenizer": "tokenizer",
        }
        | made,
        details={
            "source": spec.options["source"],
            "files": {f"{split}.tsv": _facts(directory / f"{split}.tsv", len(examples[split])) for split in SPLITS},
            "label_counts": {split: _label_counts(examples[split], spec.task.labels) for split in SPLITS},
        },
    )


def _source(spec: StageSpec, out: Path) -> Path:
    """The directory that holds train.tsv and dev.tsv; the embedded sample is written into the stage's own."""
    if spec.options["source"] == "directory":
        if "data" not in spec.inputs:
            raise BadInputError('the stage prepare with source "directory" needs the input "data"')
        return spec.inputs["data"]
    size = spec.options["sample"]
    if size is None:
        raise BadInputError('the stage prepare with source "sample" needs the option "sample": its rows and seed')
    task = spec.task
    if (task.labels, task.header, task.columns) != (sample.TASK.labels, sample.TASK.header, sample.TASK.columns):
        raise BadInputError(f"the embedded sample has SST-2's shape, not {task.name}'s: give the task's own files")
    directory = out / "sample"
    sample.write(directory, size["train_rows"], size["dev_rows"], size["seed"])
    return directory


def _reporter(phase: str, total: int) -> Callable[[int], None]:
    def report(done: int) -> None:
        stop.check()
        events.progress(phase, done, total, "rows")

    return report


def _metrics(tokens: dict[str, Tokens]) -> dict[str, float]:
    train, dev = tokens["train"], tokens["dev"]
    return {
        "train_rows": len(train),
        "dev_rows": len(dev),
        "train_tokens_mean": float(train.lengths.mean()),
        "dev_tokens_mean": float(dev.lengths.mean()),
        "dev_tokens_max": int(dev.lengths.max()),
        "bytes_per_row": train.bytes_per_row,
    }


def _write_rows(path: Path, examples: Examples) -> None:
    text_b: Sequence[str | None] = examples.text_b or [None] * len(examples)
    rows = enumerate(zip(examples.text_a, text_b, examples.labels.tolist(), strict=True))

    def write(target: Path) -> None:
        with target.open("w", encoding="utf-8", newline="\n") as file:
            for row, (a, b, label) in rows:
                entry = {"row": row, "text_a": a, "text_b": b, "label": label}
                file.write(json.dumps(entry, ensure_ascii=False) + "\n")

    artifacts.write_atomically(path, write)


def _facts(path: Path, rows: int) -> dict[str, Any]:
    return {"sha256": artifacts.sha256_file(path), "bytes": path.stat().st_size, "rows": rows}


def _label_counts(examples: Examples, labels: tuple[str, ...]) -> dict[str, int]:
    counts = np.bincount(examples.labels, minlength=len(labels))
    return {label: int(count) for label, count in zip(labels, counts, strict=True)}
