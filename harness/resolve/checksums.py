"""Checksums of files, remembered: weights of several hundred megabytes are hashed once, not at each run."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FileFact:
    sha256: str
    bytes: int


def file_fact(path: Path, cache: Path) -> FileFact:
    """SHA-256 and size of `path`; from `cache`/checksums while size, times and inode stay the same (git's test).

    Raises OSError when the file cannot be read; an unwritable cache costs time alone.
    """
    return FileFact(*_remembered(path, cache, "sha256"))


def file_md5(path: Path, cache: Path) -> str:
    """MD5 of `path`, for files of which nothing better is published, remembered alike: it finds accidents, not forgeries."""
    return _remembered(path, cache, "md5")[0]


def content_hash(files: Mapping[str, FileFact]) -> str:
    """SHA-256 over the sorted (name, checksum) pairs: what a set of files holds, wherever it lies."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{files[name].sha256}\n".encode())
    return digest.hexdigest()


def _remembered(path: Path, cache: Path, algorithm: str) -> tuple[str, int]:
    """Digest and size in bytes."""
    state = path.stat()
    identity = (
        f"{path.resolve()}\0{state.st_size}\0{state.st_mtime_ns}\0{state.st_ctime_ns}\0{state.st_ino}\0{algorithm}"
    )
    memo = cache / "checksums" / hashlib.sha256(identity.encode(errors="surrogateescape")).hexdigest()
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        known = json.loads(memo.read_text())
        return str(known[algorithm]), int(known["bytes"])
    found = _digest(path, algorithm)
    with contextlib.suppress(OSError):
        memo.parent.mkdir(parents=True, exist_ok=True)
        temporary = memo.with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps({algorithm: found, "bytes": state.st_size}))
        temporary.replace(memo)
    return found, state.st_size


def _digest(path: Path, algorithm: str) -> str:
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
