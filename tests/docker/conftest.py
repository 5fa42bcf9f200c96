"""A Docker Engine for the tests, and a small image whose pipeline is the probe: the executor's every fault in seconds."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import pytest

from harness.container.base import known_stand_in, make_stand_in
from harness.container.catalog import load_stand_ins
from harness.executor.base import Event, Exit, StageCommand
from harness.executor.docker import LABEL, DockerExecutor
from harness.executor.isolation import Limits
from tests.docker.engine import engine_or_skip

PROBE = Path(__file__).parent / "probe"
STAND_IN = "debian-bookworm-python3.11"


@pytest.fixture(scope="session")
def client() -> Iterator[docker.DockerClient]:
    yield from engine_or_skip()


@pytest.fixture(scope="session")
def probe_image(client: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The id of an image of the stand-in base with the probe as its `tinybert`."""
    stand_in = load_stand_ins()[STAND_IN]
    base = known_stand_in(client, stand_in) or make_stand_in(client, stand_in, print)
    return build_probe(client, base.reference, tmp_path_factory.mktemp("probe"))


def build_probe(client: docker.DockerClient, base: str, context: Path) -> str:
    shutil.copytree(PROBE, context / "tinybert")
    (context / "Dockerfile").write_text(
        f"FROM {base}\nCOPY tinybert /opt/tinybench/tinybert\nUSER 10001:10001\n"
        'ENTRYPOINT ["python3", "-m", "tinybert"]\n'
    )
    image, _ = client.images.build(path=str(context), tag="local/tinybench-probe:test", rm=True, forcerm=True)
    return str(image.id)


@dataclass
class Bench:
    """One folder with a spec, an input and an output, and the events of the run."""

    folder: Path
    client: docker.DockerClient
    image_id: str
    limits: Limits
    events: list[Event] = field(default_factory=list)

    @property
    def out(self) -> Path:
        return self.folder / "out put"

    def command(self, **spec: Any) -> StageCommand:
        import json

        data, store = self.folder / "in: put", self.folder / "store"
        for each in (data, store, self.out):
            each.mkdir(exist_ok=True)
        (store / "blob").write_text("through a link")
        if not (data / "link.txt").is_symlink():
            (data / "link.txt").symlink_to("../store/blob")
        path = self.folder / "spec.json"
        path.write_text(json.dumps({"inputs": {"data": str(data)}, "path": str(path), **spec}))
        return StageCommand("prepare", path, (data,), self.out, self.folder / "stage.log")

    def run(self, timeout_s: float | None = None, **spec: Any) -> Exit:
        executor = DockerExecutor(self.client, "probe", self.image_id, self.limits)
        return executor.run(self.command(**spec), self.events.append, timeout_s)

    def containers(self) -> list[Any]:
        return list(self.client.containers.list(all=True, filters={"label": LABEL}))


@pytest.fixture
def bench(client: docker.DockerClient, probe_image: str, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, client, probe_image, Limits(256 << 20, tuple(sorted(os.sched_getaffinity(0)))))
    yield made
    assert made.containers() == [], "a container was left behind"


@dataclass
class Daemon:
    """An Engine of the test's own, to be killed."""

    process: subprocess.Popen[bytes]
    client: docker.DockerClient


@pytest.fixture
def own_daemon(client: docker.DockerClient, probe_image: str, tmp_path: Path) -> Iterator[Daemon]:
    """In a network namespace of its own: a second daemon beside the first would take its bridge away."""
    if os.geteuid() != 0 or shutil.which("dockerd") is None or shutil.which("unshare") is None:
        pytest.skip("an Engine of its own needs root, dockerd and unshare")
    socket = tmp_path / "docker.sock"
    places = {"data-root": "data", "exec-root": "exec", "pidfile": "pid"}
    command = ["unshare", "--net", "dockerd", "--bridge=none", "--iptables=false", f"--host=unix://{socket}"]
    command += [f"--{option}={tmp_path / name}" for option, name in places.items()]
    with (tmp_path / "dockerd.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    deadline_s = time.monotonic() + 30
    while not socket.exists():
        assert time.monotonic() < deadline_s and process.poll() is None, (tmp_path / "dockerd.log").read_text()[-2000:]
        time.sleep(0.1)
    own = docker.DockerClient(base_url=f"unix://{socket}", timeout=60)
    own.images.load(client.images.get(probe_image).save())
    yield Daemon(process, own)
    own.close()
    subprocess.run(["pkill", "-9", "-f", str(tmp_path)], check=False)
    process.wait()
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines() if str(tmp_path) in line]
    for mount in sorted(mounts, reverse=True):
        subprocess.run(["umount", "-l", mount], check=False)
