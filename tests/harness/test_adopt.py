"""A run becomes a published one: everything but the machine's folders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness import record as records
from harness.adopt import adopt, without_folders
from harness.errors import UsageError
from tests.harness.report import records as made


def finished(tmp_path: Path, dirty: bool = False) -> Path:
    record = made.two_engines()
    record["git"] |= {"commit": "0123abcd", "dirty": dirty}
    record["data"] |= {"path": "/home/me/sets/SST-2"}
    record["command"] = "make bench TASK=SST-2 DATA_ROOT=/home/me/sets"
    for stage in record["cells"][0]["stages"]:
        inputs = {
            "data": "/home/me/sets/SST-2",
            "weights": "/var/cache/weights/bert",
            "prepare": "/home/me/runs/stages/p-1",
        }
        stage["spec"] = {"inputs": inputs, "options": {}}
    for stage in record["cells"][1]["stages"]:
        stage["spec"] = {"inputs": {}, "options": {}}
    folder = tmp_path / str(record["run_id"])
    folder.mkdir()
    records.write(folder, record)
    return folder


def test_the_machines_folders_are_replaced_and_nothing_else(tmp_path: Path) -> None:
    run = finished(tmp_path)
    report = adopt(run, tmp_path / "published")
    record = json.loads((report.html.parent / "record.json").read_text(encoding="utf-8"))
    assert record["command"] == "make bench TASK=SST-2 DATA_ROOT=~/glue"
    inputs = record["cells"][0]["stages"][0]["spec"]["inputs"]
    assert inputs == {"data": "~/glue/SST-2", "weights": "…/bert", "prepare": "runs/stages/p-1"}
    original = records.read(run)
    for each in (original, record):
        each["command"], each["data"]["path"] = "", ""
        for cell in each["cells"]:
            for stage in cell["stages"]:
                stage["spec"] = {}
    assert record == original
    for path in (report.html, report.markdown, report.sheet, report.html.parent / "record.json"):
        assert "/home/me" not in path.read_text(encoding="utf-8")


def test_a_run_that_nobody_can_repeat_is_not_taken(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no commit holds"):
        adopt(finished(tmp_path, dirty=True), tmp_path / "published")
    assert not (tmp_path / "published").exists()


def test_a_published_run_is_not_written_over(tmp_path: Path) -> None:
    run = finished(tmp_path)
    adopt(run, tmp_path / "published")
    with pytest.raises(UsageError, match="is there already"):
        adopt(run, tmp_path / "published")


def test_the_sample_has_no_folder() -> None:
    record = made.embedded_sample()
    for cell in record["cells"]:
        for stage in cell["stages"]:
            stage["spec"] = {"inputs": {}, "options": {}}
    assert without_folders(record) == record
