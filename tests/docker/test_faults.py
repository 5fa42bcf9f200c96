"""Every way a container ends badly, made to happen: one message, a defined exit code, and no container left."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import docker
import pytest

from harness.errors import InfrastructureError
from harness.executor.docker import LABEL, STAGE_LABEL, sweep
from harness.executor.isolation import Limits, gpu_request
from harness.orphans import fingerprint
from tests.docker.conftest import Bench, Daemon

pytestmark = pytest.mark.docker


def once(bench: Bench, action: Callable[[], object]) -> threading.Thread:
    """Do something as soon as the stage has said its first word."""

    def wait() -> None:
        deadline_s = time.monotonic() + 30
        while not bench.events and time.monotonic() < deadline_s:
            time.sleep(0.05)
        action()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def test_a_stages_own_error_is_its_message_and_code(bench: Bench) -> None:
    ended = bench.run(error="dev.tsv:3: no label")
    assert ended.code == 2
    assert ended.message.startswith("the stage prepare failed: dev.tsv:3: no label; log: ")


def test_a_time_out_stops_the_stage_which_keeps_its_checkpoint(bench: Bench) -> None:
    ended = bench.run(timeout_s=2, sleep_s=60)
    assert ended.code == 4
    assert ended.message.startswith("the stage prepare ran past its limit of 2 s and was stopped; run again to resume")
    assert (bench.out / "checkpoint").read_text() == "kept"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stop_stops_the_stage_which_keeps_its_checkpoint(bench: Bench, number: int, code: int) -> None:
    once(bench, lambda: os.kill(os.getpid(), number))
    ended = bench.run(sleep_s=60)
    assert (ended.code, ended.message) == (code, "stopped in the stage prepare; run the same command again to resume")
    assert (bench.out / "checkpoint").read_text() == "kept"


def test_a_second_stop_kills_a_stage_that_does_not_listen(bench: Bench) -> None:
    def twice() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGINT)

    once(bench, twice)
    begun_s = time.monotonic()
    assert bench.run(sleep_s=60, deaf=True).code == 130
    assert time.monotonic() - begun_s < 15


def test_killed_from_outside(bench: Bench) -> None:
    once(bench, lambda: bench.containers()[0].kill())
    ended = bench.run(sleep_s=60)
    assert ended.code == 4
    assert "was killed by the system" in ended.message and "run again to resume" in ended.message


def test_removed_from_outside(bench: Bench) -> None:
    once(bench, lambda: bench.containers()[0].remove(force=True))
    with pytest.raises(InfrastructureError, match="the container of the stage prepare was removed by another"):
        bench.run(sleep_s=60)


def test_out_of_memory_of_the_stage(bench: Bench) -> None:
    bench.limits = replace(bench.limits, memory_bytes=64 << 20)
    ended = bench.run(eat_mb=200)
    assert ended.code == 4
    assert ended.message.startswith("the stage prepare ran out of its 0.1 GiB of memory: raise MEMORY")


def test_out_of_memory_of_a_child_alone(bench: Bench) -> None:
    bench.limits = replace(bench.limits, memory_bytes=64 << 20)
    ended = bench.run(child_eats_mb=200)
    assert ended.code == 4
    assert "ran out of its 0.1 GiB of memory: a child of it was killed, and it ended with status 3" in ended.message


def test_an_image_that_is_gone(bench: Bench) -> None:
    bench.image_id = "sha256:" + "0" * 64
    with pytest.raises(InfrastructureError, match="the image of probe is gone: run again to build it anew"):
        bench.run()


def test_a_gpu_that_the_engine_cannot_give(bench: Bench) -> None:
    """The exact request, and the Engine's answer without an NVIDIA runtime."""
    uuid = "GPU-4cf8db2d-06c0-7d70-1a51-e59b25b2c16c"
    assert [dict(request) for request in gpu_request(uuid)] == [
        {
            "Driver": "nvidia",
            "Count": 0,
            "DeviceIDs": [uuid],
            "Capabilities": [["gpu", "compute", "utility"]],
            "Options": {},
        }
    ]
    if "nvidia" in bench.client.info()["Runtimes"]:
        pytest.skip("this Engine has an NVIDIA runtime: what it lacks is tested where it lacks it")
    bench.limits = replace(bench.limits, gpu_uuid=uuid)
    with pytest.raises(InfrastructureError) as caught:
        bench.run()
    assert caught.value.message == (
        'cannot start the stage prepare in probe: could not select device driver "nvidia" with capabilities: '
        "[[gpu compute utility]]; install the NVIDIA Container Toolkit for the Docker Engine and restart it, "
        "or use DEVICE=cpu"
    )


def test_the_engine_goes_away(own_daemon: Daemon, bench: Bench) -> None:
    image_id = bench.image_id
    own = Bench(bench.folder / "own", own_daemon.client, image_id, Limits(256 << 20, (0,)))
    own.folder.mkdir()
    once(own, lambda: os.killpg(own_daemon.process.pid, signal.SIGKILL))
    with pytest.raises(InfrastructureError) as caught:
        own.run(sleep_s=60)
    assert caught.value.message.startswith("the Docker Engine went away during the stage prepare (")
    assert caught.value.message.endswith("): start it and run again to resume")


def test_orphans_are_swept_and_nobody_elses_containers(bench: Bench, client: docker.DockerClient) -> None:
    dead = subprocess.Popen(["sleep", "60"])
    of_the_dead = fingerprint(dead.pid)
    dead.kill()
    dead.wait()
    labels = {
        "dead": {LABEL: of_the_dead, STAGE_LABEL: "teacher"},
        "reused": {LABEL: fingerprint()[:-1] + "x", STAGE_LABEL: "distill"},
        "alive": {LABEL: fingerprint(), STAGE_LABEL: "prepare"},
        "before the boot": {LABEL: f"another-boot {fingerprint().partition(' ')[2]}", STAGE_LABEL: "export"},
        "of another namespace": {LABEL: f"{fingerprint().split()[0]} pid:[1] 1 1", STAGE_LABEL: "prepare"},
        "foreign": {"of": "somebody else"},
    }
    made = {
        name: client.containers.run(bench.image_id, ["60"], entrypoint="sleep", detach=True, labels=each)
        for name, each in labels.items()
    }
    try:
        assert sorted(sweep(client)) == ["distill", "export", "teacher"]
        left = {container.id for container in client.containers.list(all=True)}
        assert {name for name, container in made.items() if container.id in left} == {
            "alive",
            "of another namespace",
            "foreign",
        }
    finally:
        for container in made.values():
            with contextlib.suppress(docker.errors.NotFound):
                container.remove(force=True)
