"""SHA-256 of files, remembered: weights of several hundred megabytes are hashed once, not at each run."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FileFact:
    sha256: str
    bytes: int


def file_fact(path: Path, cache: Path) -> FileFact:
    """Checksum and size of `path`; from `cache`/checksums while size, times and inode stay the same (git's test).

    Raises OSError when the file cannot be read; an unwritable cache costs time alone.
    """
    state = path.stat()
    identity = f"{path.resolve()}\0{state.st_size}\0{state.st_mtime_ns}\0{state.st_ctime_ns}\0{state.st_ino}"
    memo = cache / "checksums" / hashlib.sha256(identity.encode(errors="surrogateescape")).hexdigest()
    with contextlib.suppress(OSError, ValueError, TypeError):
        return FileFact(**json.loads(memo.read_text()))
    fact = FileFact(_sha256(path), state.st_size)
    with contextlib.suppress(OSError):
        memo.parent.mkdir(parents=True, exist_ok=True)
        temporary = memo.with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps({"sha256": fact.sha256, "bytes": fact.bytes}))
        temporary.replace(memo)
    return fact


def content_hash(files: dict[str, FileFact]) -> str:
    """SHA-256 over the sorted (name, checksum) pairs: what a set of files holds, wherever it lies."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{files[name].sha256}\n".encode())
    return digest.hexdigest()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
