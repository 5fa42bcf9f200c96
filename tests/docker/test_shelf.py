"""What is listed and what is pruned, among real images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from harness.container import shelf
from harness.container.build import LABEL
from tests.docker.conftest import Bench

pytestmark = pytest.mark.docker
NAME = "torch-2-cu13"
"""No test builds it: it is gigabytes."""


@pytest.fixture
def old_images(client: docker.DockerClient, probe_image: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Two of this project's of other days, one of them in use, and one of somebody else's with a like name."""
    labels = {f"{LABEL}.image": NAME, f"{LABEL}.recipe": "0" * 64, f"{LABEL}.environment": "1" * 64}
    wanted = {"idle": ("000000000001", labels), "used": ("000000000002", labels), "foreign": ("000000000003", {})}
    tags = {}
    for name, (digits, own) in wanted.items():
        (tmp_path / "Dockerfile").write_text(f"FROM {probe_image}\nLABEL which={name}\n")
        tags[name] = f"tinybench/{NAME}:{digits}"
        client.images.build(path=str(tmp_path), tag=tags[name], labels=own, rm=True)
    yield tags
    for tag in tags.values():
        try:
            client.images.remove(tag, force=True)
        except docker.errors.ImageNotFound:
            continue


def test_a_stale_image_is_listed_with_its_reason(client: docker.DockerClient, old_images: dict[str, str]) -> None:
    listed = {each.name: each for each in shelf.inventory(client)}
    assert set(listed) >= {"oneflow-0.9.0-cpu", "torch-2-cpu", NAME}
    found = listed[NAME]
    assert (found.state, found.why) == ("stale", "its Dockerfile, requirements.lock or base has changed")
    assert found.tag in (old_images["idle"], old_images["used"]) and found.size_bytes


def test_prune_removes_what_nothing_refers_to_and_nobody_elses(
    client: docker.DockerClient, bench: Bench, old_images: dict[str, str]
) -> None:
    kept = {tag for image in client.images.list() for tag in image.tags} - {old_images["idle"]}
    container = client.containers.create(old_images["used"])
    try:
        removed, _ = shelf.prune(client)
    finally:
        container.remove()
    left = {tag for image in client.images.list() for tag in image.tags}
    assert old_images["idle"] in removed and old_images["idle"] not in left
    assert {old_images["used"], old_images["foreign"]} <= left
    assert kept - left <= set(removed)
    assert not any("foreign" in tag or "local/" in tag for tag in removed)
