"""Read a task's files, or generate the embedded sample, and store them as tokens and as OFRecord. Needs no engine."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinybert import artifacts, stop
from tinybert.data import sample, splits
from tinybert.data.examples import Examples, read_examples, read_test
from tinybert.data.ofrecord import write_records
from tinybert.data.tokenizer import load_tokenizer, save_tokenizer
from tinybert.data.tokens import Tokens, save_tokens, tokenize
from tinybert.errors import BadInputError
from tinybert.progress import reporter
from tinybert.result import Outcome, StageContext
from tinybert.spec import StageSpec, Task

TRAIN, DEV = "train", "dev"


def run(context: StageContext) -> Outcome:
    spec, out, task = context.spec, context.out, context.spec.task
    tokenizer = load_tokenizer(spec.inputs["weights"])
    labelled, tests = _paths(task, _sources(spec, out))
    examples = {stem: read_examples(path, task) for stem, path in labelled.items()}
    for test in task.test:
        if path := tests.get(splits.test_stem(test.name)):
            examples[splits.test_stem(test.name)] = read_test(path, task, test)
    tokens: dict[str, Tokens] = {}
    cut: dict[str, int] = {}
    for stem, rows in examples.items():
        report = reporter(f"tokenize {stem}", len(rows))
        tokens[stem], cut[stem] = tokenize(tokenizer, rows, spec.options["max_length"], report)
    for stem, rows in examples.items():
        stop.check()
        save_tokens(out / splits.tokens_file(stem), tokens[stem])
        if stem != TRAIN:
            _write_rows(out / splits.rows_file(stem), _entries(rows))
    records: dict[str, int] = {}
    for stem in labelled:
        stop.check()
        records[stem] = write_records(out / splits.records_file(stem), tokens[stem])
    save_tokenizer(tokenizer, spec.inputs["weights"], out / "tokenizer")
    return Outcome(
        metrics=_metrics(tokens[TRAIN], tokens[DEV])
        | {
            "truncated_rows": sum(cut[stem] for stem in labelled),
            "left_out_rows": sum(rows.left_out_rows for rows in examples.values()),
            "irregular_rows": sum(rows.irregular_rows for rows in examples.values()),
            "ofrecord_train_rows": records[TRAIN],
            "ofrecord_eval_rows": records[DEV],
        },
        artifacts=_artifacts(examples, spec.options["source"]),
        details={
            "source": spec.options["source"],
            "files": {path.name: _facts(path, len(examples[stem])) for stem, path in (labelled | tests).items()},
            "absent_tests": [test.name for test in task.test if splits.test_stem(test.name) not in tests],
            "label_counts": None if task.is_regression else _label_counts(examples, labelled, task.labels),
        },
    )


def _sources(spec: StageSpec, out: Path) -> list[Path]:
    """The directory of the task's files, and that of the diagnostic set; the embedded sample is written into the stage's own."""
    if spec.options["source"] == "directory":
        if "data" not in spec.inputs:
            raise BadInputError('the stage prepare with source "directory" needs the input "data"')
        return [spec.inputs[name] for name in ("data", "diagnostic") if name in spec.inputs]
    size = spec.options["sample"]
    if size is None:
        raise BadInputError('the stage prepare with source "sample" needs the option "sample": its rows and seed')
    if _shape(spec.task) != _shape(sample.TASK):
        raise BadInputError(f"the embedded sample has SST-2's shape, not {spec.task.name}'s: give the task's own files")
    directory = out / "sample"
    sample.write(directory, size["train_rows"], size["dev_rows"], size["seed"])
    return [directory]


def _shape(task: Task) -> tuple[object, ...]:
    return task.labels, task.scores, task.header, task.columns, task.train, list(task.dev.values())


def _paths(task: Task, sources: Sequence[Path]) -> tuple[dict[str, Path], dict[str, Path]]:
    """Stem -> file: of train and dev sets, which the first source must have, and of the test sets that any source has."""
    labelled = {TRAIN: sources[0] / task.train}
    labelled |= {stem: sources[0] / task.dev[name] for name, stem in splits.dev_names(task)}
    tests: dict[str, Path] = {}
    for test in task.test:
        places = [source / test.file for source in sources]
        if found := next((path for path in places if path.exists()), None):
            tests[splits.test_stem(test.name)] = found
    return labelled, tests


def _metrics(train: Tokens, dev: Tokens) -> dict[str, float]:
    return {
        "train_rows": len(train),
        "dev_rows": len(dev),
        "train_tokens_mean": float(train.lengths.mean()),
        "dev_tokens_mean": float(dev.lengths.mean()),
        "dev_tokens_max": int(dev.lengths.max()),
        "bytes_per_row": train.bytes_per_row,
    }


def _artifacts(stems: Collection[str], source: str) -> dict[str, str]:
    named = {stem: splits.tokens_file(stem) for stem in stems}
    rows = {f"{stem}_rows": splits.rows_file(stem) for stem in stems if stem != TRAIN}
    made = {"sample": "sample"} if source == "sample" else {}
    return named | rows | {"ofrecord": splits.OFRECORD, "tokenizer": "tokenizer"} | made


def _entries(examples: Examples) -> Iterable[dict[str, Any]]:
    """One object a row: with its label or score, or of a test set with its id."""
    text_b: Sequence[str | None] = examples.text_b or [None] * len(examples)
    names: Sequence[str | float] = examples.ids or [_number(label) for label in examples.labels]
    for row, (a, b, name) in enumerate(zip(examples.text_a, text_b, names, strict=True)):
        if examples.ids:
            yield {"row": row, "id": name, "text_a": a, "text_b": b}
        else:
            yield {"row": row, "text_a": a, "text_b": b, "label": name}


def _number(label: np.int32 | np.float32) -> float:
    """A class as an int; a score as the file has it, 3.8 and not float32's 3.7999999523."""
    return int(label) if isinstance(label, np.integer) else float(str(label))


def _write_rows(path: Path, entries: Iterable[Mapping[str, Any]]) -> None:
    def write(target: Path) -> None:
        with target.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)

    artifacts.write_atomically(path, write)


def _facts(path: Path, rows: int) -> dict[str, Any]:
    return {"sha256": artifacts.sha256_file(path), "bytes": path.stat().st_size, "rows": rows}


def _label_counts(
    examples: Mapping[str, Examples], stems: Iterable[str], labels: tuple[str, ...]
) -> dict[str, dict[str, int]]:
    counts = {stem: np.bincount(examples[stem].labels, minlength=len(labels)).tolist() for stem in stems}
    return {stem: dict(zip(labels, numbers, strict=True)) for stem, numbers in counts.items()}
