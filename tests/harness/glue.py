"""Small files in the layout of any task of the table, for tests that need a task's folder."""

from __future__ import annotations

from pathlib import Path

from harness.tasks import Task, find_task


def labelled(task: Task, rows: int) -> bytes:
    """A file of training or of a dev set, with the task's labels in turn."""
    columns = task.raw["columns"]
    labels = ["0.000", "2.500", "5.000"] if task.raw["scores"] else task.raw["labels"]
    if isinstance(columns["text_a"], int):  # CoLA: source, label, the author's mark, sentence
        lines = [f"gj04\t{labels[row % len(labels)]}\t\tsentence {row}" for row in range(rows)]
    else:
        texts = [name for name in (columns["text_a"], columns["text_b"]) if name]
        label = columns["label"] if isinstance(columns["label"], str) else "gold_label"
        lines = ["\t".join(["index", *texts, label])]
        lines += [
            "\t".join([str(row), *(f"{name} {row}" for name in texts), labels[row % len(labels)]])
            for row in range(rows)
        ]
    return ("\n".join(lines) + "\n").encode()


def unlabelled(task: Task, name: str, rows: int) -> bytes:
    """The file of a test set, by the name of its submission."""
    test = task.raw["test"][name]
    texts = [column for column in (test["text_a"], test["text_b"]) if column]
    lines = ["\t".join([test["id"], *texts])]
    lines += ["\t".join([str(row), *(f"{text} {row}" for text in texts)]) for row in range(rows)]
    return ("\n".join(lines) + "\n").encode()


def write_task(root: Path, name: str, with_tests: bool = False, rows: int = 40) -> Path:
    """A task's folder below `root`, its dev sets of half as many rows; with tests also the diagnostic set beside it."""
    task = find_task(name)
    folder = root / task.published.folder
    folder.mkdir(parents=True)
    (folder / task.raw["train"]).write_bytes(labelled(task, rows))
    for file in task.raw["dev"].values():
        (folder / file).write_bytes(labelled(task, rows // 2))
    for submission, test in task.raw["test"].items() if with_tests else ():
        place = folder
        if task.diagnostic is not None and test["file"] in task.diagnostic.files:
            place = root / task.diagnostic.folder
            place.mkdir(exist_ok=True)
        (place / test["file"]).write_bytes(unlabelled(task, submission, rows // 4))
    return folder
