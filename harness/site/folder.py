"""A folder that is replaced as a whole: whoever looks sees the old one or the new one, and a failure leaves the old one."""

from __future__ import annotations

import ctypes
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from harness.errors import InfrastructureError, UsageError

AT_FDCWD, RENAME_EXCHANGE = -100, 2


def replace(folder: Path, marker: str, write: Callable[[Path], None]) -> None:
    """Let `write` fill a new folder beside `folder`, then put it in its place.

    `marker` names a file that a folder of this kind holds: another folder that has something in it is not overwritten (UsageError).
    Raises InfrastructureError when the disk does not let us.
    """
    folder = folder.absolute()
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise UsageError(f"{folder} is not a folder: name another, or move it away")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / marker).is_file():
        raise UsageError(f"{folder} holds other things than a site (no {marker}): name another folder, or empty it")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".partial", dir=folder.parent))
    except OSError as error:
        raise InfrastructureError(f"cannot write beside {folder}: {error.strerror}") from error
    try:
        write(fresh)
        fresh.chmod(0o755)  # mkdtemp's is for its owner alone
        if folder.exists():
            _exchange(fresh, folder)
        else:
            fresh.rename(folder)
    except OSError as error:
        raise InfrastructureError(f"cannot write {folder}: {error.strerror}; what was there is kept") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _exchange(fresh: Path, folder: Path) -> None:
    """Afterwards `fresh` is the old folder. One step where the system can (Linux, renameat2), else two with a way back."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename and rename(AT_FDCWD, os.fsencode(fresh), AT_FDCWD, os.fsencode(folder), RENAME_EXCHANGE) == 0:
        return
    aside = fresh.with_suffix(".old")
    folder.rename(aside)
    try:
        fresh.rename(folder)
    except OSError:
        aside.rename(folder)
        raise
    aside.rename(fresh)
