"""The names of the files that the stage prepare leaves, for the stages that read them. A stem is a file's name without its ending."""

from __future__ import annotations

from tinybert.spec import Task

TRAIN = "train.safetensors"
OFRECORD = "ofrecord"
# What the stage augment leaves.
AUGMENTED, AUGMENTED_TABLE = "train_aug.safetensors", "train_aug.tsv"
AUGMENTED_RECORDS = f"{OFRECORD}/train_aug/train.of_record-0"


def dev_names(task: Task) -> list[tuple[str, str]]:
    """(name, stem) of each dev set: the first one, which chooses checkpoints, is `dev`, further ones are `dev-NAME`."""
    return [(name, f"dev-{name}" if place else "dev") for place, name in enumerate(task.dev)]


def test_stem(name: str) -> str:
    """Of the test set for the GLUE submission `name`."""
    return f"test-{name}"


def tokens_file(stem: str) -> str:
    return f"{stem}.safetensors"


def rows_file(stem: str) -> str:
    """The texts of a dev or test set, one JSON object a line."""
    return f"{stem}.jsonl"


def records_file(stem: str) -> str:
    """OFRecord of the train set or a dev set; the published layout calls a dev set `eval`."""
    kind = "train" if stem == "train" else "eval"
    return f"{OFRECORD}/{stem.replace('dev', 'eval', 1)}/{kind}.of_record-0"
