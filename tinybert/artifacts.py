"""Files that appear whole or not at all, and their checksums."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

PARTIAL = ".partial"


def sha256_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def describe(root: Path, relative: str) -> dict[str, Any]:
    """Path, SHA-256 and size of an artifact; a folder's hash is over the sorted (name, file hash) pairs below it."""
    path = root / relative
    if path.is_file():
        return {"path": relative, "sha256": sha256_file(path), "bytes": path.stat().st_size}
    files = sorted(file for file in path.rglob("*") if file.is_file())
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(path).as_posix()}\0{sha256_file(file)}\n".encode())
    return {"path": relative, "sha256": digest.hexdigest(), "bytes": sum(file.stat().st_size for file in files)}


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Call `write(temporary)` and rename the outcome (file or folder) over `path`: a reader never sees half of it.

    The temporary lies alone in a folder of its own, so that the temporary files of the libraries that write it (safetensors makes
    some) are cleared with it: after a failure here, after a kill by `sweep` or the next write.
    """
    folder = path.with_name(f".{path.name}{PARTIAL}")
    remove(folder)
    folder.mkdir(parents=True)
    temporary = folder / path.name
    try:
        write(temporary)
        if path.is_dir():
            remove(path)
        temporary.replace(path)
    except SafetensorError as error:
        if number := re.search(r"os error (\d+)", str(error)):
            # safetensors names the system's error in its message alone: a full disk is 28.
            raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from error
        raise
    finally:
        remove(folder)


def sweep(directory: Path) -> None:
    """Clear what killed writes left below `directory`."""
    for remains in list(directory.rglob(f".*{PARTIAL}")):
        remove(remains)


def write_json(path: Path, value: Any) -> None:
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomically(path, lambda temporary: _write_durably(temporary, text))


def read_json(path: Path) -> Any:
    """The file's value, or None where there is no such file or it does not parse."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _write_durably(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
