"""SIGTERM and SIGINT: the stage stops at its next safe point, with its state on disk."""

from __future__ import annotations

import signal
from types import FrameType

from tinybert.errors import StopRequestedError

_requested: int | None = None


def listen() -> None:
    """A first signal asks for a stop; a second one of the same kind takes the system's default action."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _remember)


def _remember(number: int, _frame: FrameType | None) -> None:
    global _requested
    _requested = number
    signal.signal(number, signal.SIG_DFL)


def requested() -> bool:
    return _requested is not None


def check() -> None:
    """Raise StopRequestedError if a signal has arrived. Call between units of work that may be lost."""
    if _requested is not None:
        raise StopRequestedError(_requested)


def check_on_report(_done: int) -> None:
    """`check`, for what tells how far it is and need not be shown."""
    check()
