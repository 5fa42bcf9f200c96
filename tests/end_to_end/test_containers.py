"""The whole house in a container, on the embedded sample: the same results as outside, killed and resumed, and out of disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from harness.container.sbom import sbom_path
from harness.executor.docker import LABEL, STAGE_LABEL
from tests.docker.engine import engine_or_skip
from tests.end_to_end.bench import NO_GLUE, ROOT, bench, command, findings, record, without_measuring

CONTAINER = "torch-2-cpu"
pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def client() -> Iterator[docker.DockerClient]:
    yield from engine_or_skip()


@pytest.fixture(scope="module")
def inside(client: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = tmp_path_factory.mktemp("runs")
    done = bench(runs, "sample", "torch", "--containers", CONTAINER, **NO_GLUE)
    assert done.returncode == 0, done.stdout + done.stderr
    return runs


def test_inside_and_outside_find_the_same(inside: Path, both: Path) -> None:
    (contained,) = record(inside)["cells"]
    outside = next(cell for cell in record(both)["cells"] if cell["engine"] == "torch")
    assert (contained["name"], outside["name"]) == (f"{CONTAINER}-seed1", "torch-cpu-seed1")
    assert findings(contained) == findings(outside)
    assert contained["stages"][0]["key"] == outside["stages"][0]["key"], "prepare depends on no container"
    others = [{stage["key"] for stage in cell["stages"][1:]} for cell in (contained, outside)]
    assert not others[0] & others[1]


def test_the_record_and_the_report_say_which_container_it_was(inside: Path, client: docker.DockerClient) -> None:
    (contained,) = record(inside)["cells"]
    facts = contained["container"]
    image = client.images.get(facts["image_id"])
    assert facts["tag"] in image.tags and facts["layers"] == image.attrs["RootFS"]["Layers"]
    assert image.labels["org.opencontainers.image.version"] and image.labels["org.tinybench.recipe"] == facts["recipe"]
    bill = json.loads(sbom_path(facts["image_id"]).read_text(encoding="utf-8"))
    assert {"pkg:pypi/torch@2.13.0+cpu", "pkg:pypi/safetensors@0.8.0"} <= {part["purl"] for part in bill["components"]}
    assert any(part["purl"].startswith("pkg:deb/") for part in bill["components"])
    for name in ("report.html", "report.md"):
        page = (inside / "latest" / name).read_text(encoding="utf-8")
        assert facts["tag"] in page and facts["image_id"].removeprefix("sha256:")[:12] in page
        assert ("local stand-in" in page) == facts["base"]["local"]


def test_a_second_run_starts_no_container(inside: Path, client: docker.DockerClient) -> None:
    begun = int(time.time())
    done = bench(inside, "sample", "torch", "--containers", CONTAINER, **NO_GLUE)
    assert done.returncode == 0, done.stdout + done.stderr
    events = client.events(since=begun, until=int(time.time()) + 1, decode=True, filters={"label": LABEL})
    assert [event["status"] for event in events] == []


def test_out_of_disk_and_then_killed_it_resumes_to_the_same_end(
    inside: Path, client: docker.DockerClient, tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("a small disk of its own needs root")
    runs = tmp_path / "runs"
    runs.mkdir()
    extra = ("--containers", CONTAINER, "--suite", str(without_measuring(tmp_path)))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "small", str(runs)], check=True)
    try:
        done = bench(runs, "sample", "torch", *extra, **NO_GLUE)
        assert done.returncode == 4, done.stdout + done.stderr
        assert "no space left" in done.stderr.lower() and len(done.stderr.strip().splitlines()) == 1
        subprocess.run(["mount", "-o", "remount,size=2g", str(runs)], check=True)

        _kill_in_the_teacher(command(runs, "sample", "torch", *extra), client)
        assert client.containers.list(filters={"label": LABEL}), "the Engine does not know that its client died"
        done = bench(runs, "sample", "torch", *extra, **NO_GLUE)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "removed the container that a killed harness left at the stage teacher" in done.stdout
        assert not client.containers.list(all=True, filters={"label": LABEL})
        (cell,) = record(runs)["cells"]
        assert cell["stages"][0]["cached"], "what was finished before the disk was full is kept"
        assert findings(cell) == findings(record(inside)["cells"][0])
    finally:
        subprocess.run(["umount", "-l", str(runs)], check=True)


def _kill_in_the_teacher(run: list[str], client: docker.DockerClient) -> None:
    """kill -9 of the harness, some seconds into the training."""
    process = subprocess.Popen(
        run,
        cwd=ROOT,
        env={**os.environ, **NO_GLUE},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline_s = time.monotonic() + 60
    while not client.containers.list(filters={"label": f"{STAGE_LABEL}=teacher"}):
        assert time.monotonic() < deadline_s and process.poll() is None
        time.sleep(0.1)
    time.sleep(6)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
