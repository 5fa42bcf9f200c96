"""What the user is told when a command fails: short messages on stderr, and never a traceback."""

from __future__ import annotations

import datetime
import os
import traceback

import typer

from harness.errors import ExitCode, HarnessError
from harness.paths import cache_dir


def complain(message: str) -> None:
    for line in message.splitlines():
        typer.echo(f"tinybench: {line}", err=True)


def as_harness_error(error: Exception) -> HarnessError:
    """The error itself, or for a fault of ours one that says where its traceback was kept. Call while it is being handled."""
    if isinstance(error, HarnessError):
        return error
    message = f"a fault in the harness: {type(error).__name__}: {error}; {_keep_traceback()}"
    return HarnessError(message, ExitCode.INFRASTRUCTURE)


def _keep_traceback() -> str:
    """Keep the traceback of the fault being handled for a bug report. Says where it lies."""
    now = datetime.datetime.now(datetime.timezone.utc)
    path = cache_dir() / "faults" / f"{now:%Y%m%d-%H%M%S}-{os.getpid()}.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(traceback.format_exc(), encoding="utf-8")
    except OSError as error:
        return f"its traceback could not be kept ({error.strerror}: {path})"
    return f"please report it with {path}"
