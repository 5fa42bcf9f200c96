"""Following a stage that runs, wherever it runs: its events, a stop or a time-out, and what its end means."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

from harness.errors import ExitCode
from harness.executor.base import Exit, StageCommand
from harness.executor.event_stream import EventStream

GRACE_S = 20.0
"""What a stage gets between SIGTERM and SIGKILL to write its checkpoint."""

POLL_S = 0.2
"""How soon a stop or a time-out is acted upon when the stage is silent."""

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Running(Protocol):
    """A stage on its way. `status` is None until it has ended, then its exit status, or minus the signal that ended it."""

    def read(self, timeout_s: float) -> bytes:
        """What came on stdout, as soon as something does; empty when nothing did in time."""
        ...

    def status(self) -> int | None: ...

    def send(self, number: int) -> None:
        """Signal the stage and its children; nothing once it has ended."""
        ...


def follow(running: Running, stream: EventStream, stopped: list[int], deadline_s: float | None) -> bool:
    """Read events until the stage ends; stop it when asked to, or at the deadline. True when the deadline passed."""
    timed_out = False
    kill_at_s: float | None = None
    while True:
        now_s = time.monotonic()
        timed_out = timed_out or (deadline_s is not None and now_s > deadline_s)
        if (stopped or timed_out) and kill_at_s is None:
            kill_at_s = now_s + GRACE_S
            running.send(signal.SIGTERM)
        if len(stopped) > 1 or (kill_at_s is not None and now_s > kill_at_s):
            running.send(signal.SIGKILL)
        ended = running.status() is not None
        block = running.read(0 if ended else POLL_S)
        if block:
            stream.feed(block)
        elif ended:
            break
    stream.close()
    return timed_out


@contextmanager
def stop_signals() -> Iterator[list[int]]:
    """Collect stop signals instead of dying of them: the first asks the stage to stop, the second kills it."""
    stopped: list[int] = []

    def remember(number: int, _frame: FrameType | None) -> None:
        stopped.append(number)

    # What is ignored already stays so: nohup means it.
    heeded = [number for number in STOP_SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    previous: dict[int, Any] = {number: signal.signal(number, remember) for number in heeded}
    try:
        yield stopped
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def judge(
    command: StageCommand, status: int, stream: EventStream, stopped: list[int], timed_out_after_s: float | None
) -> Exit:
    """Turn a status into an exit of the contract, with one message that says what to do."""
    where = f"log: {command.log}"
    if stopped:
        return Exit(128 + stopped[0], f"stopped in the stage {command.stage}; run the same command again to resume")
    if timed_out_after_s is not None:
        limit = f"the stage {command.stage} ran past its limit of {timed_out_after_s:g} s and was stopped"
        return Exit(ExitCode.INFRASTRUCTURE, f"{limit}; run again to resume, or raise --stage-timeout; {where}")
    if status == 0:
        return Exit(ExitCode.DONE, "")
    if status == -signal.SIGKILL:
        cause = "most often for want of memory: free some or lower batch_size in the suite, and run again to resume"
        return Exit(ExitCode.INFRASTRUCTURE, f"the stage {command.stage} was killed by the system, {cause}; {where}")
    if status < 0:
        name = signal.Signals(-status).name
        return Exit(
            ExitCode.INFRASTRUCTURE, f"the stage {command.stage} was ended by {name}; run again to resume; {where}"
        )
    if stream.error is not None:
        return Exit(stream.error["exit_code"], f"the stage {command.stage} failed: {stream.error['message']}; {where}")
    last_words = f"status {status}: {_last_line(command.log)}"
    return Exit(ExitCode.INFRASTRUCTURE, f"the stage {command.stage} ended with {last_words}; {where}")


def _last_line(log: Path, tail_bytes: int = 4096) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - tail_bytes))
        lines = file.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it left no word")
