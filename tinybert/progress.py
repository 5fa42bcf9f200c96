"""Telling how far a phase is, and stopping there when a signal has arrived."""

from __future__ import annotations

from collections.abc import Callable

from tinybert import events, stop


def reporter(phase: str, total: int, unit: str = "rows") -> Callable[[int], None]:
    """To be called with what is done of `total`. Raises StopRequestedError when a signal has arrived."""

    def report(done: int) -> None:
        stop.check()
        events.progress(phase, done, total, unit)

    return report
