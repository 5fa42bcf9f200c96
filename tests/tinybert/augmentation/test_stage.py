"""The stage augment on the tiny project, and what reaches the student."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tinybert.tiny import AUGMENT, Project, finish, read_result, start
from tinybert import artifacts
from tinybert.augmentation.words import eligible
from tinybert.data.ofrecord import read_batches
from tinybert.data.tokenizer import load_tokenizer
from tinybert.data.tokens import load_tokens
from tinybert.errors import BadInputError

SAMPLES = AUGMENT["samples"]


@pytest.fixture(scope="module")
def results(project: Project) -> dict[str, dict[str, Any]]:
    """By mode."""
    project.need("prepare", "teacher")
    return {
        mode: project.run("augment", project.root / mode, options={"mode": mode}) for mode in ("published", "paper")
    }


def table(folder: Path) -> list[list[str]]:
    lines = (folder / "train_aug.tsv").read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines]


def train_rows(project: Project) -> list[list[str]]:
    return [line.split("\t") for line in (project.data / "train.tsv").read_text().splitlines()]


@pytest.mark.parametrize("mode", ["published", "paper"])
def test_each_row_is_followed_by_its_variants(project: Project, results: dict[str, dict[str, Any]], mode: str) -> None:
    header, *rows = table(project.root / mode)
    assert header == ["sentence", "label"]
    originals = train_rows(project)[1:]
    place = -1
    for sentence, label in rows:
        if place + 1 < len(originals) and [sentence, label] == originals[place + 1]:
            place += 1
            continue
        original, expected = originals[place]
        assert label == expected
        old, new = original.split(), sentence.split(" ")
        assert len(old) == len(new)
        assert all(a == b or eligible(a) for a, b in zip(old, new, strict=True))
    assert place == len(originals) - 1
    for artifact in results[mode]["artifacts"].values():
        assert artifacts.describe(project.root / mode, artifact["path"]) == artifact
    metrics = results[mode]["metrics"]
    assert metrics["train_rows"] == len(originals)
    assert metrics["rows"] == len(rows) == len(originals) * (SAMPLES + 1) - metrics["duplicates"]
    assert metrics["samples"] == len(originals) * SAMPLES
    words = sum(eligible(word) for sentence, _ in originals for word in sentence.split())
    assert metrics["eligible_words"] == words
    assert 0 < metrics["replaced_words"] < 0.55 * words * SAMPLES


@pytest.mark.parametrize("mode", ["published", "paper"])
def test_tokens_and_records_are_those_of_the_table(
    project: Project, results: dict[str, dict[str, Any]], mode: str
) -> None:
    del results
    tokens = load_tokens(project.root / mode / "train_aug.safetensors")
    tokenizer = load_tokenizer(project.root / "prepare" / "tokenizer")
    rows = table(project.root / mode)[1:]
    assert [int(label) for _, label in rows] == tokens.labels.tolist()
    for row, (sentence, _) in enumerate(rows):
        first, last = tokens.offsets[row : row + 2]
        ids = tokenizer.encode(sentence).ids
        assert tokens.input_ids[first:last].tolist() == (ids if len(ids) <= 16 else [*ids[:15], ids[-1]])
    path = project.root / mode / "ofrecord" / "train_aug" / "train.of_record-0"
    batches = list(read_batches(path, 32, 128))
    assert np.concatenate([batch.labels for batch in batches]).tolist() == tokens.labels.tolist()


def test_augmented_rows_reach_the_student(project: Project, results: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    student = project.run("distill", tmp_path / "distill", inputs={"augment": str(project.root / "published")})
    assert student["metrics"]["train_rows"] == results["published"]["metrics"]["rows"] > 64
    last = student["series"]["train"]["rows"][-1]
    assert last[student["series"]["train"]["columns"].index("rows")] > 64 * 4


def test_batches_and_restarts_change_nothing(
    project: Project, results: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    for mode in results:
        out = tmp_path / mode
        again = project.run("augment", out, options={"mode": mode, "batch_tokens": 4096})
        assert again["metrics"] == results[mode]["metrics"]
        expected = (project.root / mode / "train_aug.tsv").read_bytes()
        assert (out / "train_aug.tsv").read_bytes() == expected


def test_a_killed_stage_goes_on(project: Project, results: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    """Killed as soon as the head is fitted: that is not done again, and the end is the same."""
    project.need("prepare")
    out = tmp_path / "augment"
    process = start(project.command("augment", out, options={"mode": "published"}))
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "progress" and event["phase"] in ("candidates", "rewrite"):
            process.kill()
            break
    process.communicate()
    assert not (out / "result.json").exists()
    assert (out / "masked-lm" / "facts.json").exists()
    done = finish(start(project.command("augment", out, options={"mode": "published"})))
    assert done.code == 0
    assert not any("fitting" in event.get("message", "") for event in done.events)
    assert (out / "train_aug.tsv").read_bytes() == (project.root / "published" / "train_aug.tsv").read_bytes()
    assert read_result(out)["metrics"] == results["published"]["metrics"]
    assert {path.name for path in out.iterdir()} == {
        "train_aug.tsv", "train_aug.safetensors", "ofrecord", "masked-lm", "result.json",
    }  # fmt: skip


def test_a_corpus_is_read_beside_the_tasks_text(
    project: Project, results: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("a great film\n\nthis plot is dull and the acting is poor\n" * 10, encoding="utf-8")
    out = tmp_path / "augment"
    facts = project.run("augment", out, inputs={"corpus": str(corpus)})["details"]["masked_lm"]
    without = results["published"]["details"]["masked_lm"]
    assert facts["corpus_lines"] == 20 and without["corpus_lines"] == 0
    assert facts["rows"] > without["rows"]
    corpus.write_bytes(b"a f\xfflm\n")
    with pytest.raises(BadInputError, match=r"corpus.txt is not UTF-8"):
        project.run("augment", tmp_path / "again", inputs={"corpus": str(corpus)})


def test_word_vectors_alone_are_a_mode_of_their_own(project: Project, tmp_path: Path) -> None:
    project.need("prepare")
    glove = tmp_path / "glove.txt"
    rng = np.random.default_rng(0)
    words = ("great", "fine", "superb", "dull", "awful", "plot", "film", "acting", "new york")
    glove.write_text("".join(f"{word} {' '.join(f'{v:.3f}' for v in rng.normal(size=50))}\n" for word in words))
    result = project.run(
        "augment", tmp_path / "augment", options={"candidates": "vectors"}, inputs={"vectors": str(glove)}
    )
    assert result["details"]["masked_lm"] is None
    assert result["details"]["vectors"]["kind"] == "glove"
    sources = result["details"]["candidate_sources"]
    assert sources["masked-lm"] == 0 and sources["vectors"] > 0 and sources["none"] > 0
    new = {word for line in table(tmp_path / "augment")[1:] for word in line[0].split()}
    old = {word for line in train_rows(project)[1:] for word in line[0].split()}
    assert new - old <= {"new", "york"} and new >= {"york"}


HOSTILE = (
    "", " ", "\u00e9clair \U0001f600\U0001f600 film", "\u0645\u0631\u062d\u0628\u0627 great \u05e9\u05dc\u05d5\u05dd",
    '"great" "film', "zzzzqqq xkcdq", "[MASK] great [SEP] film", "great " * 5000, "a\u2028b great", "''' great \\ | film",
)  # fmt: skip


@pytest.mark.parametrize("mode", ["published", "paper"])
def test_hostile_sentences_keep_their_labels_and_columns(project: Project, tmp_path: Path, mode: str) -> None:
    data = tmp_path / "data"
    shutil.copytree(project.data, data)
    lines = [f"{sentence}\t{row % 2}" for row, sentence in enumerate(HOSTILE)]
    (data / "train.tsv").write_text("\n".join(["sentence\tlabel", *lines, ""]), encoding="utf-8", newline="\n")
    prepared = tmp_path / "prepare"
    project.run("prepare", prepared, inputs={"data": str(data)})
    out = tmp_path / "augment"
    project.run("augment", out, options={"mode": mode}, inputs={"data": str(data), "prepare": str(prepared)})
    text = (out / "train_aug.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.split("\n")[1:-1]]
    assert all(len(row) == 2 for row in rows)
    place = -1
    for sentence, label in rows:
        if place + 1 < len(HOSTILE) and sentence == HOSTILE[place + 1]:
            place += 1
        assert label == str(place % 2)
    assert place == len(HOSTILE) - 1


def test_the_table_is_read_back_as_it_was_written(project: Project, results: dict[str, dict[str, Any]]) -> None:
    del results
    with (project.root / "published" / "train_aug.tsv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)) == table(project.root / "published")
