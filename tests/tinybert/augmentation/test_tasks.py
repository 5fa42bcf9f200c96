"""`train_aug.tsv` of every GLUE task, from files in the exact published layout: only the texts change."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tinybert.data.published import FILES, write_task
from tests.tinybert.tasks import GLUE, glue
from tests.tinybert.tiny import AUGMENT, Project
from tinybert.data.examples import read_examples
from tinybert.data.tokens import load_tokens
from tinybert.data.tsv import read_lines

SAMPLES = AUGMENT["samples"]


@pytest.mark.parametrize("mode", ["published", "paper"])
@pytest.mark.parametrize("name", FILES)
def test_only_the_texts_change(name: str, mode: str, tmp_path: Path) -> None:
    project = Project(tmp_path, GLUE[name], lambda folder: write_task(folder, name))
    task = glue(name)
    project.run("prepare", tmp_path / "prepare")
    vectors = {"candidates": "vectors", "mode": mode, "replace_probability": 1.0}
    result = project.run("augment", tmp_path / "augment", options=vectors)
    source = project.data / task.train
    examples = read_examples(source, task)
    lines = dict(read_lines(source))
    written = [line for _, line in read_lines(tmp_path / "augment" / "train_aug.tsv")]
    if task.header:
        assert written.pop(0) == lines[1]
    texts = {column % len(lines[examples.lines[0]]) for column in examples.text_columns}
    originals = iter(lines[line] for line in examples.lines)
    row = next(originals)
    rest = [field for column, field in enumerate(row) if column not in texts]
    for line in written:
        if [field for column, field in enumerate(line) if column not in texts] != rest:
            row = next(originals)
            rest = [field for column, field in enumerate(row) if column not in texts]
            assert line == row, "the original comes first"
        assert len(line) == len(row)
    assert next(originals, None) is None or result["metrics"]["train_rows"] == len(examples)
    assert result["metrics"]["rows"] == len(written) == len(load_tokens(tmp_path / "augment" / "train_aug.safetensors"))
    assert result["metrics"]["replaced_words"] > 0 and len(written) > len(examples)
    again = read_examples(tmp_path / "augment" / "train_aug.tsv", task)
    assert len(again) == len(written) and set(again.labels.tolist()) == set(examples.labels.tolist())
