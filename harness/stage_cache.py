"""The stage cache, `runs/stages/<stage>-<key>/`. An entry counts when its `result.json` is valid and of this key."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import InfrastructureError
from harness.schema_check import contract_validator

RESULT = "result.json"
KEY_DIGITS = 16


@dataclass(frozen=True)
class Entry:
    """A stage's place in the cache, whether or not it is filled. `directory` is its output folder."""

    stage: str
    key: str
    directory: Path

    def result(self) -> dict[str, Any] | None:
        """The stage's result, or None where it is not complete."""
        return None if self.fault() else self._read()

    def fault(self) -> str | None:
        """Why this entry cannot be used: not run to its end yet, or broken. None: it is complete."""
        if not (self.directory / RESULT).exists():
            return f"it has no {RESULT}"
        result = self._read()
        if result is None or not contract_validator("result.schema.json").is_valid(result):
            return f"its {RESULT} breaks the contract"
        if (result["stage"], result["key"]) != (self.stage, self.key):
            return f"its {RESULT} is of another stage or key"
        for name, artifact in result["artifacts"].items():
            if _bytes(self.directory / artifact["path"]) != artifact["bytes"]:
                return f"its artifact {name} is missing or has another size"
        return None

    def set_aside_if_broken(self) -> str | None:
        """Move a broken entry out of the way, losing nothing. Returns a note for the user, if there was one."""
        fault = self.fault()
        if fault is None or not (self.directory / RESULT).exists():
            return None
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%d-%H%M%S-%f")
        aside = self.directory.with_name(f"{self.directory.name}.broken-{now}")
        self.directory.rename(aside)
        return f"the cached {self.directory.name} is not usable ({fault}): moved to {aside.name}, running again"

    @contextmanager
    def lock(self, on_wait: Callable[[], None]) -> Iterator[None]:
        """Keep other harnesses off this entry; `on_wait` is called if one holds it. The lock goes with the process."""
        from filelock import FileLock, Timeout

        self.directory.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.directory.with_name(f"{self.directory.name}.lock"))
        try:
            lock.acquire(blocking=False)
        except Timeout:
            on_wait()
            lock.acquire(poll_interval=0.2)
        except NotImplementedError as error:
            raise InfrastructureError(
                f"the disk of {self.directory.parent} cannot lock files: choose another with RUNS="
            ) from error
        try:
            yield
        finally:
            lock.release()

    def _read(self) -> Any:
        try:
            return json.loads((self.directory / RESULT).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None


def entry(runs: Path, stage: str, key: str) -> Entry:
    return Entry(stage, key, runs / "stages" / f"{stage}-{key[:KEY_DIGITS]}")


def _bytes(path: Path) -> int | None:
    """Size of a file, or of all files below a folder; None where there is nothing."""
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size if path.is_file() else None
