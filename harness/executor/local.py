"""Runs a stage as a process of this machine: own session, clean environment, events from stdout, rest to its log."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from harness.errors import InfrastructureError
from harness.executor.base import STAGE_ENVIRONMENT, Event, Exit, StageCommand
from harness.executor.event_stream import EventStream
from harness.executor.following import follow, judge, stop_signals
from harness.orphans import die_with_harness
from harness.paths import ROOT

# What a stage may inherit. PYTHONPATH, LD_PRELOAD and their like change what runs, and no key could know.
# LD_LIBRARY_PATH stays: it is how some machines find their GPU's driver.
INHERITED = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "TZ", "USER", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES")


@dataclass(frozen=True)
class LocalExecutor:
    """`python`: the engine environment's interpreter."""

    python: Path

    def run(self, command: StageCommand, on_event: Callable[[Event], None], timeout_s: float | None = None) -> Exit:
        """See `Executor`. Call from the main thread: signals arrive there, and a stage dies with its thread."""
        begun_s = time.monotonic()
        with command.log.open("ab") as log, stop_signals() as stopped:
            running = _Process(_start(self.python, command, log))
            stream = EventStream(log, on_event)
            try:
                timed_out = follow(running, stream, stopped, None if timeout_s is None else begun_s + timeout_s)
            finally:
                status = running.finish()
        return judge(command, status, stream, stopped, timeout_s if timed_out else None)


def stage_environment(inherited: dict[str, str]) -> dict[str, str]:
    """The whole environment of a stage, made from the user's."""
    kept = {name: inherited[name] for name in INHERITED if name in inherited}
    return kept | {"PYTHONPATH": str(ROOT)} | STAGE_ENVIRONMENT


def _start(python: Path, command: StageCommand, log: IO[bytes]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            [str(python), "-m", "tinybert", *command.arguments()],
            cwd=command.out,
            env=stage_environment(dict(os.environ)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            preexec_fn=die_with_harness(),
        )
    except OSError as error:
        reason = f"{error.strerror}: {error.filename or python}"
        raise InfrastructureError(f"cannot start the stage {command.stage}: {reason}") from error


class _Process:
    """A `Running` that is a process with its pipe."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        self._process = process
        self._pipe = process.stdout
        self._at_end = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._pipe, selectors.EVENT_READ)

    def read(self, timeout_s: float) -> bytes:
        if self._at_end:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout_s)
            return b""
        if not self._selector.select(timeout_s):
            return (
                b""  # after the end: something that outlives the stage holds the pipe open; nothing more is due from it
            )
        block = os.read(self._pipe.fileno(), 1 << 16)
        self._at_end = not block
        return block

    def status(self) -> int | None:
        return self._process.poll()

    def send(self, number: int) -> None:
        # Once it has ended, its number may belong to another.
        if self._process.poll() is None:
            os.killpg(self._process.pid, number)

    def finish(self) -> int:
        """Kill what is left and take the status."""
        self.send(signal.SIGKILL)
        self._selector.close()
        self._pipe.close()
        return self._process.wait()
