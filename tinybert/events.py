"""Events: JSON lines on stdout, the stage's one voice towards the harness (docs/contract.md)."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from typing import Any

MIN_PROGRESS_INTERVAL_S = 0.1

_last_progress_s = 0.0
_stream_fd = 1


def claim_stdout() -> None:
    """Keep stdout for events alone: whatever else writes to file descriptor 1 (an engine's C++ side too) goes to stderr."""
    global _stream_fd
    _stream_fd = os.dup(1)
    os.set_inheritable(_stream_fd, False)
    os.dup2(2, 1)


def _emit(event: Mapping[str, Any]) -> None:
    line = json.dumps(event, ensure_ascii=False, allow_nan=False) + "\n"
    os.write(_stream_fd, line.encode())


def start(stage: str) -> None:
    _emit({"event": "start", "stage": stage})


def progress(phase: str, done: int, total: int, unit: str, values: Mapping[str, float] | None = None) -> None:
    """At most ten a second reach the stream, and the last of a phase always does."""
    global _last_progress_s
    now_s = time.monotonic()
    if done < total and now_s - _last_progress_s < MIN_PROGRESS_INTERVAL_S:
        return
    _last_progress_s = now_s
    _emit(
        {"event": "progress", "phase": phase, "done": done, "total": total, "unit": unit, "values": dict(values or {})}
    )


def note(message: str) -> None:
    _emit({"event": "note", "message": message})


def error(exit_code: int, message: str) -> None:
    _emit({"event": "error", "exit_code": exit_code, "message": message})


def end(seconds: float) -> None:
    _emit({"event": "end", "seconds": round(seconds, 3)})
