"""The table of tasks: valid, complete, and in the contract's words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.paths import CONTRACT, TASKS
from harness.suite import suite_names
from harness.tasks import find_task, load_tasks

NLI = ["contradiction", "entailment", "neutral"]
ENTAILMENT = ["entailment", "not_entailment"]
BINARY = ["0", "1"]
TABLE = {
    "CoLA": (BINARY, ["mcc", "accuracy"], (8551, 1043), {"CoLA": 1063}),
    "SST-2": (BINARY, ["accuracy"], (67349, 872), {"SST-2": 1821}),
    "MRPC": (BINARY, ["accuracy", "f1"], (3668, 408), {"MRPC": 1725}),
    "QQP": (BINARY, ["accuracy", "f1"], (363846, 40430), {"QQP": 390965}),
    "STS-B": (["score"], ["corr", "pearson", "spearman"], (5749, 1500), {"STS-B": 1379}),
    "MNLI": (NLI, ["accuracy"], (392702, 9815, 9832), {"MNLI-m": 9796, "MNLI-mm": 9847, "AX": 1104}),
    "SNLI": (NLI, ["accuracy"], (549367, 9842), {}),
    "QNLI": (ENTAILMENT, ["accuracy"], (104743, 5463), {"QNLI": 5463}),
    "RTE": (ENTAILMENT, ["accuracy"], (2490, 277), {"RTE": 3000}),
    "WNLI": (BINARY, ["accuracy"], (635, 71), {"WNLI": 146}),
}


def test_every_task_is_there_and_has_a_suite() -> None:
    assert list(load_tasks()) == list(TABLE)
    assert {name.lower() for name in TABLE} | {"geometry"} == set(suite_names())


@pytest.mark.parametrize("name", TABLE)
def test_labels_metrics_rows_and_submissions(name: str) -> None:
    labels, metrics, rows, submissions = TABLE[name]
    task = find_task(name)
    assert (task.raw["labels"], list(task.metrics)) == (labels, metrics)
    assert tuple(task.published.files[file].rows for file in task.required_files) == rows
    diagnostic = task.diagnostic.files if task.diagnostic else {}
    files = {**task.published.files, **diagnostic}
    assert {each: files[test["file"]].rows for each, test in task.raw["test"].items()} == submissions
    assert set(task.published.optional) == set(task.published.files) - set(task.required_files)


@pytest.mark.parametrize("name", TABLE)
def test_the_contract_gets_its_own_fields_and_no_other(name: str) -> None:
    schema = json.loads((CONTRACT / "task.schema.json").read_text())
    contract = find_task(name).contract()
    assert set(contract) == set(schema["required"]) and contract["name"] == name
    contract["labels"].clear()
    assert find_task(name).contract()["labels"], "a copy was changed, not the table"


def test_what_tells_some_tasks_from_the_others() -> None:
    tasks = load_tasks()
    assert [name for name, task in tasks.items() if task.has_sample] == ["SST-2"]
    assert [name for name, task in tasks.items() if task.raw["scores"]] == ["STS-B"]
    assert [name for name, task in tasks.items() if not task.raw["header"]] == ["CoLA"]
    assert [name for name, task in tasks.items() if task.raw["left_out"]] == ["SNLI"]
    assert [name for name, task in tasks.items() if task.raw["irregular_rows"] == "leave-out"] == ["QQP"]
    assert [name for name, task in tasks.items() if task.diagnostic] == ["MNLI"]
    assert list(tasks["MNLI"].raw["dev"]) == ["matched", "mismatched"]
    assert {name: task.published.made_by for name, task in tasks.items() if task.published.made_by} == {
        "MRPC": "mrpc-split",
        "SNLI": "snli-layout",
    }


def test_a_task_that_it_lacks() -> None:
    assert find_task("sst-2").name == "SST-2"
    with pytest.raises(UsageError, match="did you mean 'SST-2'"):
        find_task("SST_2")


def faults(tmp_path: Path, text: str) -> str:
    path = tmp_path / "tasks.yaml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        load_tasks(path)
    assert caught.value.exit_code == 2
    return caught.value.message


def test_a_broken_table_names_its_faults(tmp_path: Path) -> None:
    text = (
        'SST-2: {labels: ["0", 1], metrics: [acuracy], header: true, columns: {text_a: s, label: l}, folder: ../up}\n'
    )
    message = faults(tmp_path, text)
    for words in (
        "1 is not of the type string",
        "did you mean 'accuracy'",
        "missing text_b",
        "missing files, downloads, made_by, diagnostic, sample",
        "../up",
    ):
        assert words in message


@pytest.mark.parametrize(
    ("task", "old", "new", "words"),
    [
        ("CoLA", "text_a: 3", "text_a: sentence", "CoLA.columns: the files have no header: give positions"),
        ("CoLA", "train: train.tsv", "train: other.tsv", "CoLA.files: missing other.tsv"),
        ("CoLA", "train: train.tsv", "train: dev.tsv", "CoLA.files: train.tsv is no file of train, dev or test"),
        ("CoLA", "metrics: [mcc, accuracy]", "metrics: [corr]", "corr is no metric of a classification"),
        ("MNLI", "metrics: [accuracy]", "metrics: [f1]", "f1 needs two labels"),
        ("STS-B", "metrics: [corr, pearson, spearman]", "metrics: [accuracy]", "accuracy is no metric of a regression"),
        ("STS-B", "labels: [score]", "labels: [a, b]", "a regression has one output"),
        ("SNLI", 'left_out: ["-"]', "left_out: [neutral]", "neutral stands among the labels, too"),
        ("RTE", "      unpack: RTE/*.tsv\n", "", "either unpack or save_as is wanted"),
        ("RTE", "unpack: RTE/*.tsv", "unpack: ../*.tsv", "../*.tsv"),
        ("RTE", "https://", "http://", "http://"),
        ("RTE", "made_by: null", "made_by: mrpc_split", "did you mean 'mrpc-split'"),
    ],
)
def test_what_does_not_fit_is_a_fault_with_its_line(tmp_path: Path, task: str, old: str, new: str, words: str) -> None:
    text = TASKS.read_text()
    begin = text.index(f"\n{task}:\n")
    assert old in text[begin:]
    message = faults(tmp_path, text[:begin] + text[begin:].replace(old, new, 1))
    assert words in message
    line = int(message[message.index("tasks.yaml:") :].split(":")[1])
    assert line > text[:begin].count("\n")
