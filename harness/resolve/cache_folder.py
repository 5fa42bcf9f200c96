"""Filling a folder of the cache: one process at a time, and the folder never holds a part of what belongs in it."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from harness.errors import InfrastructureError

_LOCK_TIMEOUT_S = 600.0


@contextlib.contextmanager
def filling(folder: Path, cache: Path) -> Iterator[Path]:
    """An empty temporary directory beside `folder`, removed at the end, while no other process fills the same folder.

    Raises InfrastructureError when another process holds it for too long, and when the cache cannot be written to.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with (
            FileLock(folder.with_name(f".{folder.name}.lock"), timeout=_LOCK_TIMEOUT_S),
            tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as temporary,
        ):
            yield Path(temporary)
    except Timeout as error:
        raise InfrastructureError(f"another process holds {error.lock_file}; wait for it, or remove it") from error
    except OSError as error:
        raise InfrastructureError(
            f"cannot write to the cache {cache}: {error.strerror or error}; set TINYBENCH_CACHE to another folder"
        ) from error


def put(new: Path, folder: Path, temporary: Path) -> None:
    """Rename `new` to `folder`; what was there before moves to `temporary`."""
    if folder.exists():
        folder.rename(temporary / "replaced")
    new.rename(folder)
