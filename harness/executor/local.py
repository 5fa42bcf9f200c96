"""Runs a stage as a process of this machine: own session, clean environment, events from stdout, rest to its log."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import IO, Any

from harness.errors import ExitCode, InfrastructureError
from harness.executor.base import Event, Exit, StageCommand
from harness.executor.event_stream import EventStream
from harness.orphans import die_with_harness
from harness.paths import ROOT

GRACE_S = 20.0
"""What a stage gets between SIGTERM and SIGKILL to write its checkpoint."""

POLL_S = 0.2
"""How soon a stop or a time-out is acted upon when the stage is silent."""

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# What a stage may inherit. PYTHONPATH, LD_PRELOAD and their like change what runs, and no key could know.
# LD_LIBRARY_PATH stays: it is how some machines find their GPU's driver.
INHERITED = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "TZ", "USER", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES")


class LocalExecutor:
    def run(self, command: StageCommand, on_event: Callable[[Event], None], timeout_s: float | None = None) -> Exit:
        """See `Executor`. Call from the main thread: signals arrive there, and a stage dies with its thread."""
        begun_s = time.monotonic()
        with command.log.open("ab") as log, _stop_signals() as stopped:
            process = _start(command, log)
            stream = EventStream(log, on_event)
            try:
                timed_out = _follow(process, stream, stopped, None if timeout_s is None else begun_s + timeout_s)
            finally:
                _signal_group(process, signal.SIGKILL)
                process.wait()
        return _judge(command, process.returncode, stream, stopped, timeout_s if timed_out else None)


def stage_environment(inherited: dict[str, str]) -> dict[str, str]:
    """The whole environment of a stage, made from the user's."""
    kept = {name: inherited[name] for name in INHERITED if name in inherited}
    return kept | {
        "PYTHONPATH": str(ROOT),
        "PYTHONSAFEPATH": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
    }


def _start(command: StageCommand, log: IO[bytes]) -> subprocess.Popen[bytes]:
    arguments = [
        str(command.python),
        "-m",
        "tinybert",
        command.stage,
        "--spec",
        str(command.spec),
        "--out",
        str(command.out),
    ]
    try:
        return subprocess.Popen(
            arguments,
            cwd=command.out,
            env=stage_environment(dict(os.environ)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            preexec_fn=die_with_harness(),
        )
    except OSError as error:
        reason = f"{error.strerror}: {error.filename or command.python}"
        raise InfrastructureError(f"cannot start the stage {command.stage}: {reason}") from error


def _follow(
    process: subprocess.Popen[bytes], stream: EventStream, stopped: list[int], deadline_s: float | None
) -> bool:
    """Read events until the stage ends; stop it when asked to, or at the deadline. True when the deadline passed."""
    assert process.stdout is not None
    timed_out = at_end = False
    kill_at_s: float | None = None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not (at_end and process.poll() is not None):
            now_s = time.monotonic()
            timed_out = timed_out or (deadline_s is not None and now_s > deadline_s)
            if (stopped or timed_out) and kill_at_s is None:
                kill_at_s = now_s + GRACE_S
                _signal_group(process, signal.SIGTERM)
            if len(stopped) > 1 or (kill_at_s is not None and now_s > kill_at_s):
                _signal_group(process, signal.SIGKILL)
            ended = process.poll() is not None
            if at_end:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(POLL_S)
            elif selector.select(0 if ended else POLL_S):
                block = os.read(process.stdout.fileno(), 1 << 16)
                stream.feed(block)
                at_end = not block
            else:
                at_end = ended  # something that outlives the stage holds the pipe open: nothing more is due from it
    process.stdout.close()
    stream.close()
    return timed_out


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    """Signal the stage and its children; nothing once it has ended, as its number may belong to another by then."""
    if process.poll() is None:
        os.killpg(process.pid, number)


@contextmanager
def _stop_signals() -> Iterator[list[int]]:
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


def _judge(
    command: StageCommand, status: int, stream: EventStream, stopped: list[int], timed_out_after_s: float | None
) -> Exit:
    """Turn a process's status into an exit of the contract, with one message that says what to do."""
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
