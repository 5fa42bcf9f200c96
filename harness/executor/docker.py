"""Runs a stage in a container: fenced in, followed like a process, and gone when the stage ends, however it ends."""

from __future__ import annotations

import os
import queue
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

import docker
import requests
from docker.errors import APIError, DockerException
from docker.models.containers import Container

from harness.container.docker_engine import explained, find, is_gone, reason
from harness.errors import ExitCode, InfrastructureError
from harness.executor.base import Event, Exit, StageCommand
from harness.executor.event_stream import EventStream
from harness.executor.following import follow, judge, stop_signals
from harness.executor.isolation import Limits, container_options
from harness.orphans import fingerprint, is_alive

LABEL = "org.tinybench.harness"
"""On every container: the harness that made it, so that the next one can sweep what a killed one left behind."""
STAGE_LABEL = "org.tinybench.stage"
_FAULTS = (DockerException, requests.RequestException, OSError)


@dataclass(frozen=True)
class DockerExecutor:
    """`image_id`: what to run, never a tag that may move; `name`: the catalogue's, for messages."""

    client: docker.DockerClient
    name: str
    image_id: str
    limits: Limits

    def run(self, command: StageCommand, on_event: Callable[[Event], None], timeout_s: float | None = None) -> Exit:
        """See `Executor`. Call from the main thread: signals arrive there. No container is left, whatever happens."""
        begun_s = time.monotonic()
        with command.log.open("ab") as log, stop_signals() as stopped:
            container = self._create(command)
            try:
                running = _Container(self.client, container, command.stage, log)
                _start(container, command.stage, self.name, self.limits)
                stream = EventStream(log, on_event)
                timed_out = follow(running, stream, stopped, None if timeout_s is None else begun_s + timeout_s)
                state = running.state()
            finally:
                _remove(container)
        # A child that was killed and could be done without is the stage's own affair.
        if state["OOMKilled"] and state["ExitCode"] != 0 and not stopped and not timed_out:
            return _out_of_memory(command, self.limits, state["ExitCode"])
        return judge(command, _status(state["ExitCode"]), stream, stopped, timeout_s if timed_out else None)

    def _create(self, command: StageCommand) -> Container:
        """Created, not started: a start that fails leaves a container that has to be removed by its id."""
        with explained(f"create a container for the stage {command.stage}"):
            if find(self.client, self.image_id) is None:  # create would say less
                raise InfrastructureError(f"the image of {self.name} is gone: run again to build it anew")
            labels = {LABEL: fingerprint(), STAGE_LABEL: command.stage}
            return self.client.containers.create(self.image_id, **container_options(command, self.limits, labels))


def sweep(client: docker.DockerClient) -> list[str]:
    """Remove the containers of harnesses that are no more, also of those before the last boot; their stages' names.

    Called before anything runs: an orphan would write on beside the stage that resumes its work.
    """
    with explained("look for orphaned containers"):
        swept = []
        for container in client.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True):
            if not is_alive(container.labels[LABEL]):
                _remove(container)
                swept.append(container.labels.get(STAGE_LABEL, "unknown"))
        return swept


class _Container:
    """A `Running` that is a container. Its output is followed by a thread, for the Engine's stream knows no time limit."""

    def __init__(self, client: docker.DockerClient, container: Container, stage: str, log: IO[bytes]) -> None:
        self._container = container
        self._api = client.api
        self._stage = stage
        self._log = log
        self._blocks: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        with explained(f"follow the stage {stage}"):
            chunks = self._api.attach(str(container.id), stdout=True, stderr=True, stream=True, demux=True)
        self._reader = threading.Thread(target=self._read_all, args=(chunks,), daemon=True)
        self._reader.start()

    def _read_all(self, chunks: object) -> None:
        with suppress(*_FAULTS):  # the Engine is gone: `status` finds out and says so
            for stdout, stderr in chunks:  # type: ignore[attr-defined]
                if stderr:
                    os.write(self._log.fileno(), stderr)
                if stdout:
                    self._blocks.put(stdout)

    def read(self, timeout_s: float) -> bytes:
        with suppress(queue.Empty):
            return self._blocks.get(timeout=timeout_s) if timeout_s else self._blocks.get_nowait()
        return b""

    def status(self) -> int | None:
        """Asked of the Engine once the stream has ended: a container's end is its end."""
        if self._reader.is_alive():
            return None
        state = self.state()
        return None if state["Running"] else _status(state["ExitCode"])

    def state(self) -> dict[str, object]:
        try:
            found: dict[str, object] = self._api.inspect_container(str(self._container.id))["State"]
            return found
        except (DockerException, requests.RequestException) as error:
            raise self._gone(error) from error

    def send(self, number: int) -> None:
        try:
            self._container.kill(signal=int(number))
        except APIError:
            pass  # it has ended
        except (DockerException, requests.RequestException) as error:
            raise self._gone(error) from error

    def _gone(self, error: Exception) -> InfrastructureError:
        if is_gone(error):
            return InfrastructureError(
                f"the Docker Engine went away during the stage {self._stage} ({reason(error)}): "
                "start it and run again to resume"
            )
        return InfrastructureError(
            f"the container of the stage {self._stage} was removed by another ({reason(error)}): run again to resume"
        )


def _start(container: Container, stage: str, name: str, fence: Limits) -> None:
    """The Engine's own words about a start that failed name no remedy."""
    try:
        container.start()
    except (DockerException, requests.RequestException) as error:
        why = reason(error)
        remedy = "see the Engine's own log"
        if fence.gpu_uuid is not None and ("device driver" in why or "nvidia" in why.lower()):
            remedy = "install the NVIDIA Container Toolkit for the Docker Engine and restart it, or use DEVICE=cpu"
        elif is_gone(error):
            remedy = "start the Docker Engine, or say CONTAINERS=local"
        raise InfrastructureError(f"cannot start the stage {stage} in {name}: {why}; {remedy}") from error


def _remove(container: Container) -> None:
    """Killed if need be. An Engine that is gone keeps it; the next harness sweeps it then."""
    with suppress(*_FAULTS):
        container.remove(force=True, v=True)


def _status(code: object) -> int:
    """An exit code as a process's status: the init inside reports the end by a signal as 128 + its number."""
    assert isinstance(code, int)
    return -signal.SIGKILL if code == 128 + signal.SIGKILL else code


def _out_of_memory(command: StageCommand, fence: Limits, code: object) -> Exit:
    """The kernel killed something inside for want of memory: the stage itself, or a child that it could not do without."""
    what = "" if code == 128 + signal.SIGKILL else f" a child of it was killed, and it ended with status {code}:"
    return Exit(
        ExitCode.INFRASTRUCTURE,
        f"the stage {command.stage} ran out of its {fence.memory_bytes / 2**30:.1f} GiB of memory:{what} raise MEMORY or "
        f"lower batch_size in the suite, and run again to resume; log: {command.log}",
    )
