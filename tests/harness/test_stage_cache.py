"""The cache: what counts as complete, what is set aside, and who may write."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from harness.stage_cache import Entry, entry

KEY = "ab" * 32


def result(**changes: Any) -> dict[str, Any]:
    names = ("python", "platform", "engine", "engine_version", "device", "device_name")
    return {
        "contract": 1,
        "stage": "teacher",
        "key": KEY,
        "started_at": "2026-11-22T21:00:00+00:00",
        "seconds": 1.0,
        "resumes": 0,
        "environment": {**dict.fromkeys(names, "x"), "threads": 2, "packages": {}},
        "metrics": {"dev_accuracy": 0.9},
        "series": {},
        "artifacts": {
            "model": {"path": "model", "sha256": "0", "bytes": 7},
            "file": {"path": "a.txt", "sha256": "0", "bytes": 2},
        },
        "details": {},
        **changes,
    }


@pytest.fixture
def filled(tmp_path: Path) -> Entry:
    found = entry(tmp_path, "teacher", KEY)
    (found.directory / "model" / "sub").mkdir(parents=True)
    (found.directory / "model" / "one").write_text("1234")
    (found.directory / "model" / "sub" / "two").write_text("567")
    (found.directory / "a.txt").write_text("ab")
    (found.directory / "result.json").write_text(json.dumps(result()))
    return found


def test_a_whole_entry_counts(filled: Entry) -> None:
    assert filled.directory.name == "teacher-abababababababab"
    assert filled.fault() is None and filled.set_aside_if_broken() is None
    assert filled.result() == result()


def test_an_interrupted_entry_is_left_for_the_stage_to_resume(filled: Entry) -> None:
    (filled.directory / "result.json").unlink()
    assert filled.result() is None and filled.set_aside_if_broken() is None
    assert (filled.directory / "a.txt").exists()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "breaks the contract"),
        ("[]", "breaks the contract"),
        (json.dumps(result())[:-9], "breaks the contract"),
        (json.dumps(result(metrics={"dev_accuracy": "high"})), "breaks the contract"),
        (json.dumps(result(contract=2)), "breaks the contract"),
        (json.dumps(result(key=KEY[:16] + "0" * 48)), "another stage or key"),
        (json.dumps(result(stage="distill")), "another stage or key"),
        (json.dumps(result(artifacts={"model": {"path": "model", "sha256": "0", "bytes": 8}})), "artifact model"),
        (json.dumps(result(artifacts={"gone": {"path": "gone", "sha256": "0", "bytes": 0}})), "artifact gone"),
    ],
)
def test_a_broken_entry_is_moved_and_kept(filled: Entry, content: str, why: str) -> None:
    (filled.directory / "result.json").write_text(content)
    assert filled.result() is None
    note = filled.set_aside_if_broken()
    assert note is not None and why in note
    assert not filled.directory.exists()
    (aside,) = filled.directory.parent.glob("teacher-*.broken-*")
    assert (aside / "model" / "sub" / "two").read_text() == "567" and (aside / "result.json").read_text() == content


def test_one_writer_at_a_time(filled: Entry) -> None:
    waited, order = threading.Event(), []

    def second() -> None:
        with filled.lock(waited.set):
            order.append("second")

    with filled.lock(lambda: pytest.fail("nobody else is here")):
        thread = threading.Thread(target=second)
        thread.start()
        assert waited.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
