from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from harness.resolve.checksums import FileFact, content_hash, file_fact, file_md5


def test_a_changed_file_of_the_same_size_is_hashed_again(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for body in (b"one", b"two"):
        path.write_bytes(body)
        assert file_fact(path, tmp_path / "cache") == FileFact(hashlib.sha256(body).hexdigest(), 3)


def test_a_change_that_restores_the_time_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    before = path.stat()
    file_fact(path, tmp_path / "cache")
    path.write_bytes(b"two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file_fact(path, tmp_path / "cache").sha256 == hashlib.sha256(b"two").hexdigest()


def test_an_unchanged_file_is_not_read_again(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    fact = file_fact(path, tmp_path / "cache")
    (memo,) = (tmp_path / "cache" / "checksums").iterdir()
    memo.write_text(memo.read_text().replace(fact.sha256, "0" * 64))
    assert file_fact(path, tmp_path / "cache").sha256 == "0" * 64


@pytest.mark.parametrize("damage", ["", "{", "[1]", '{"other": 1}'])
def test_a_damaged_memory_is_no_memory(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    fact = file_fact(path, tmp_path / "cache")
    (memo,) = (tmp_path / "cache" / "checksums").iterdir()
    memo.write_text(damage)
    assert file_fact(path, tmp_path / "cache") == fact


def test_an_unwritable_cache_costs_time_alone(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("no folder")
    (tmp_path / "file").write_bytes(b"one")
    assert file_fact(tmp_path / "file", tmp_path / "cache").bytes == 3


def test_content_hash_is_over_names_and_contents_in_any_order() -> None:
    one, two = FileFact("1" * 64, 1), FileFact("2" * 64, 1)
    assert content_hash({"a": one, "b": two}) == content_hash({"b": two, "a": one})
    assert len({content_hash(files) for files in ({}, {"a": one}, {"b": one}, {"a": two}, {"a": one, "b": one})}) == 5


def test_md5_is_remembered_beside_sha256(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    assert file_fact(path, tmp_path / "cache").sha256 == hashlib.sha256(b"one").hexdigest()
    for _ in range(2):
        assert file_md5(path, tmp_path / "cache") == hashlib.md5(b"one", usedforsecurity=False).hexdigest()
    assert len(list((tmp_path / "cache" / "checksums").iterdir())) == 2
