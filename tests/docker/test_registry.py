"""Digests, from a real registry on a loopback port."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from harness.container.base import get_base
from harness.container.catalog import find_image
from harness.container.lock import registry_digest
from harness.errors import InfrastructureError, UsageError

pytestmark = pytest.mark.docker


@pytest.fixture
def registry(client: docker.DockerClient, probe_image: str, tmp_path: Path) -> Iterator[str]:
    """`127.0.0.1:port/probe` holds the probe as `1`."""
    if shutil.which("docker-registry") is None:
        pytest.skip("docker-registry is not installed (Debian: apt install docker-registry)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = tmp_path / "registry.yml"
    config.write_text(
        "version: 0.1\n"
        f"storage: {{filesystem: {{rootdirectory: {tmp_path / 'registry'}}}}}\n"
        f"http: {{addr: '127.0.0.1:{port}'}}\n"
    )
    process = subprocess.Popen(
        ["docker-registry", "serve", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline_s = time.monotonic() + 20
        while socket.socket().connect_ex(("127.0.0.1", port)):
            assert time.monotonic() < deadline_s and process.poll() is None
            time.sleep(0.1)
        repository = f"127.0.0.1:{port}/probe"
        image = client.images.get(probe_image)
        image.tag(repository, "1")
        client.images.push(repository, "1")
        client.images.remove(f"{repository}:1")
        yield repository
    finally:
        process.kill()
        process.wait()


def test_a_base_is_pulled_by_its_digest_and_nothing_else_will_do(client: docker.DockerClient, registry: str) -> None:
    digest = registry_digest(client, f"{registry}:1")
    assert digest.startswith("sha256:") and len(digest) == 71
    image = replace(find_image("torch-2-cpu"), base=f"{registry}:1", digest=digest)
    try:
        base = get_base(client, image, strict=True, report=print)
        assert (base.reference, base.identity, base.is_local) == (f"{registry}:1@{digest}", digest, False)
    finally:
        client.images.remove(f"{registry}@{digest}")
    other = replace(image, digest="sha256:" + "1" * 64)
    with pytest.raises(UsageError, match="STRICT=1 allows no stand-in"):
        get_base(client, other, strict=True, report=print)


def test_without_a_registry_the_stand_in_is_taken_and_marked(client: docker.DockerClient, probe_image: str) -> None:
    image = replace(find_image("torch-2-cpu"), base="127.0.0.1:9/nothing:1")
    lines: list[str] = []
    base = get_base(client, image, strict=False, report=lines.append)
    assert base.is_local and base.reference.startswith("local/tinybench-base:debian-bookworm-python3.11-")
    assert any("cannot be pulled" in line and "takes its place" in line for line in lines)
    with pytest.raises(InfrastructureError, match=r"cannot ask for the digest of 127\.0\.0\.1:9/nothing:1"):
        registry_digest(client, "127.0.0.1:9/nothing:1")
