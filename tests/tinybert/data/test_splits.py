from __future__ import annotations

from tests.tinybert.tasks import glue
from tinybert.data import splits


def test_the_first_dev_set_is_dev() -> None:
    assert splits.dev_names(glue("RTE")) == [("dev", "dev")]
    assert splits.dev_names(glue("MNLI")) == [("matched", "dev"), ("mismatched", "dev-mismatched")]


def test_files_of_a_stem() -> None:
    assert splits.tokens_file("train") == splits.TRAIN == "train.safetensors"
    assert splits.rows_file(splits.test_stem("MNLI-mm")) == "test-MNLI-mm.jsonl"
    assert splits.records_file("train") == "ofrecord/train/train.of_record-0"
    assert splits.records_file("dev") == "ofrecord/eval/eval.of_record-0"
    assert splits.records_file("dev-mismatched") == "ofrecord/eval-mismatched/eval.of_record-0"
