"""Every file of every GLUE task in its published layout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.tinybert.data.published import FILES, Rows, write_task
from tests.tinybert.tasks import GLUE, PUBLISHED_ROWS, glue
from tinybert.data.examples import Examples, read_examples, read_test
from tinybert.spec import Task, violations


def assert_same(examples: Examples, rows: Rows, task: Task) -> None:
    kept = [row for row in range(len(rows.text_a)) if not rows.labels or rows.labels[row] not in task.left_out]
    assert examples.text_a == [rows.text_a[row] for row in kept]
    assert examples.text_b == (rows.text_b and [rows.text_b[row] for row in kept])
    assert examples.left_out_rows == len(rows.text_a) - len(kept)
    assert examples.irregular_rows == 0
    if not rows.labels:
        return
    labels = [rows.labels[row] for row in kept]
    if task.is_regression:
        assert [f"{label:.3f}" for label in examples.labels] == labels
    else:
        assert [task.labels[label] for label in examples.labels] == labels


@pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("name", FILES)
def test_published_files_are_read_as_they_are(tmp_path: Path, name: str, ending: str) -> None:
    task = glue(name)
    published = write_task(tmp_path, name, ending)
    files = [task.train, *task.dev.values(), *(test.file for test in task.test)]
    assert sorted(files) == sorted(published)
    for file in (task.train, *task.dev.values()):
        assert_same(read_examples(tmp_path / file, task), published[file], task)
    for test in task.test:
        examples = read_test(tmp_path / test.file, task, test)
        assert_same(examples, published[test.file], task)
        assert examples.ids == published[test.file].ids


@pytest.mark.parametrize("name", FILES)
def test_tasks_are_valid(name: str) -> None:
    assert violations("task.schema.json", GLUE[name]) == []
    assert GLUE[name]["name"] == name


def test_every_task_of_the_table_is_here() -> None:
    assert FILES.keys() == GLUE.keys()


def test_real_files_have_the_published_rows() -> None:
    root = Path(os.environ.get("DATA_ROOT", "nowhere"))
    names = [name for name in GLUE if (root / name).is_dir()]
    if not names:
        pytest.skip("DATA_ROOT names no directory with a task of GLUE")
    for name in names:
        found = _rows_by_file(root / name, glue(name))
        assert found == {file: rows for file, rows in PUBLISHED_ROWS[name].items() if file in found}


def _rows_by_file(folder: Path, task: Task) -> dict[str, int]:
    rows = {file: len(read_examples(folder / file, task)) for file in (task.train, *task.dev.values())}
    tests = [test for test in task.test if (folder / test.file).is_file()]
    return rows | {test.file: len(read_test(folder / test.file, task, test)) for test in tests}
