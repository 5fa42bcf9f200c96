"""The stage `prepare` on every GLUE task's files, and what differs between tasks: dev sets, test sets, scores, rows left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tinybert.data.conftest import write_vocabulary
from tests.tinybert.data.published import FILES, write_task
from tests.tinybert.stages.preparing import DIRECTORY, SAMPLE, Stage
from tests.tinybert.tasks import GLUE, glue
from tinybert import artifacts
from tinybert.data import splits
from tinybert.data.ofrecord import read_batches
from tinybert.data.tokens import load_tokens


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return write_vocabulary(tmp_path / "weights")


def prepared(
    root: Path, weights: Path, name: str, max_length: int = 32, **inputs: Path
) -> tuple[Stage, dict[str, Any]]:
    """The stage after its run on a task's published files, which may be there already."""
    if not (root / name).exists():
        write_task(root / name, name)
    options = DIRECTORY | {"max_length": max_length}
    stage = Stage(root, options, GLUE[name], weights=weights, data=root / name, **inputs)
    return stage, stage.succeed_here()


@pytest.mark.parametrize("name", FILES)
def test_every_task(tmp_path: Path, weights: Path, name: str) -> None:
    stage, result = prepared(tmp_path, weights, name)
    task = glue(name)
    stems = {"train": task.train} | {stem: task.dev[dev] for dev, stem in splits.dev_names(task)}
    tests = {splits.test_stem(test.name): test.file for test in task.test}
    expected = {stem: splits.tokens_file(stem) for stem in (*stems, *tests)}
    expected |= {f"{stem}_rows": splits.rows_file(stem) for stem in (*stems, *tests) if stem != "train"}
    expected |= {"ofrecord": "ofrecord", "tokenizer": "tokenizer"}
    assert {artifact: entry["path"] for artifact, entry in result["artifacts"].items()} == expected
    assert result["details"]["files"].keys() == set(FILES[name])
    assert result["details"]["absent_tests"] == []
    for stem, file in (stems | tests).items():
        tokens = load_tokens(stage.out / splits.tokens_file(stem))
        assert len(tokens) == result["details"]["files"][file]["rows"]
        assert tokens.lengths.max() <= DIRECTORY["max_length"]
        assert tokens.labels.dtype == (np.float32 if task.is_regression else np.int32)
        if stem in tests:
            rows = stage.rows(splits.rows_file(stem))
            assert [row["id"] for row in rows] == [str(row) for row in range(len(tokens))]
            assert rows[0].keys() == {"row", "id", "text_a", "text_b"}
            assert set(tokens.labels.tolist()) == {0}
            continue
        if stem != "train":
            rows = stage.rows(splits.rows_file(stem))
            assert [np.float32(row["label"]) for row in rows] == tokens.labels.tolist()
        (batch,) = read_batches(stage.out / splits.records_file(stem), len(tokens), 128)
        assert batch.labels.tolist() == tokens.labels.tolist()
        assert batch.attention_mask.sum(axis=1).tolist() == tokens.lengths.tolist()


def test_two_dev_sets(tmp_path: Path, weights: Path) -> None:
    stage, result = prepared(tmp_path, weights, "MNLI", max_length=512)
    for stem, file in (("dev", "dev_matched.tsv"), ("dev-mismatched", "dev_mismatched.tsv")):
        assert stage.rows(f"{stem}.jsonl")[-1]["text_a"] == f"only in {file}"
    counts = {"contradiction": 3, "entailment": 3, "neutral": 3}
    assert result["details"]["label_counts"] == {"train": counts, "dev": counts, "dev-mismatched": counts}
    assert result["metrics"]["dev_rows"] == result["metrics"]["ofrecord_eval_rows"] == 9
    assert result["metrics"]["truncated_rows"] == 2 * 3  # the text of 5,000 words as A and as B, in each of three files


def test_scores(tmp_path: Path, weights: Path) -> None:
    stage, result = prepared(tmp_path, weights, "STS-B")
    assert result["details"]["label_counts"] is None
    assert [row["label"] for row in stage.rows("dev.jsonl")][:4] == [5.0, 0.0, 3.8, 2.667]
    np.testing.assert_array_equal(
        load_tokens(stage.out / "train.safetensors").labels[:4], np.array([5, 0, 3.8, 2.667], np.float32)
    )


def test_rows_left_out(tmp_path: Path, weights: Path) -> None:
    _, snli = prepared(tmp_path / "one", write_vocabulary(tmp_path / "one" / "weights"), "SNLI")
    assert (snli["metrics"]["train_rows"], snli["metrics"]["left_out_rows"]) == (7, 4)
    write_task(tmp_path / "QQP", "QQP")
    with (tmp_path / "QQP" / "train.tsv").open("a", encoding="utf-8") as file:
        file.write('"\tWas he a real historical figure?\t0\n')
    _, qqp = prepared(tmp_path, weights, "QQP")
    assert (qqp["metrics"]["train_rows"], qqp["metrics"]["irregular_rows"]) == (9, 1)


def test_test_sets_elsewhere_and_nowhere(tmp_path: Path, weights: Path) -> None:
    data, diagnostic = tmp_path / "MNLI", tmp_path / "diagnostic"
    write_task(data, "MNLI")
    diagnostic.mkdir()
    (data / "diagnostic.tsv").rename(diagnostic / "diagnostic.tsv")
    (data / "test_mismatched.tsv").unlink()
    _, result = prepared(tmp_path, weights, "MNLI", diagnostic=diagnostic)
    assert result["details"]["absent_tests"] == ["MNLI-mm"]
    assert {"test-MNLI-m", "test-AX", "test-AX_rows"} <= result["artifacts"].keys()
    assert "test-MNLI-mm" not in result["artifacts"]
    assert result["details"]["files"]["diagnostic.tsv"]["sha256"] == artifacts.sha256_file(
        diagnostic / "diagnostic.tsv"
    )


def test_the_sample_has_no_test_set(tmp_path: Path, weights: Path) -> None:
    stage = Stage(tmp_path, SAMPLE, GLUE["SST-2"], weights=weights)
    assert stage.succeed_here()["details"]["absent_tests"] == ["SST-2"]


@pytest.mark.parametrize(
    ("name", "file", "content", "message"),
    [
        ("MNLI", "dev_mismatched.tsv", None, "dev_mismatched.tsv does not exist"),
        (
            "STS-B",
            "dev.tsv",
            "sentence1\tsentence2\tscore\nA\tB\tnan\n",
            "line 2 has the score 'nan'; allowed for STS-B",
        ),
        ("STS-B", "train.tsv", "sentence1\tsentence2\tscore\nA\tB\t9\n", "line 2 has the score '9'; allowed for STS-B"),
        ("SNLI", "dev.tsv", "sentence1\tsentence2\tgold_label\nA\tB\t-\n", "has no row whose label is not '-'"),
        ("RTE", "test.tsv", "sentence1\tsentence2\nA\tB\n", "test.tsv, line 1 has no column 'index'"),
    ],
)
def test_faults_are_one_message_and_exit_code_2(
    tmp_path: Path, weights: Path, name: str, file: str, content: str | None, message: str
) -> None:
    write_task(tmp_path / name, name)
    (tmp_path / name / file).unlink()
    if content is not None:
        (tmp_path / name / file).write_text(content)
    stage = Stage(tmp_path, DIRECTORY, GLUE[name], weights=weights, data=tmp_path / name)
    assert message in stage.fail()
