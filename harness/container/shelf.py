"""The images on this machine's shelf: what is built, what is stale and why, and clearing away what nothing refers to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import docker
from docker.models.images import Image as DockerImage

from harness.container.base import STAND_IN_LABEL, STAND_IN_REPOSITORY, known_base, stand_in_tag
from harness.container.build import LABEL, known, recipes_of_today
from harness.container.catalog import Image, load_images, load_stand_ins
from harness.container.docker_engine import explained
from harness.container.recipe import REPOSITORY

State = Literal["built", "stale", "not built"]


@dataclass(frozen=True)
class Shelved:
    """One image of the catalogue as it is here. `why`: what a stale one differs in; `tag` is None where none is built."""

    name: str
    state: State
    why: str
    tag: str | None
    size_bytes: int | None
    is_local: bool


def inventory(client: docker.DockerClient) -> list[Shelved]:
    """One entry for each image of the catalogue. Builds and asks nothing beyond this machine."""
    with explained("list the images"):
        return [_shelved(client, image) for image in load_images().values()]


def _shelved(client: docker.DockerClient, image: Image) -> Shelved:
    built = known(client, image)
    if built is not None:
        facts = built.facts
        return Shelved(image.name, "built", "", facts["tag"], facts["bytes"], facts["base"]["local"])
    older = _own(client, image.name)
    if not older:
        return Shelved(image.name, "not built", "", None, None, False)
    newest = max(older, key=lambda each: str(each.attrs["Created"]))
    is_local = newest.labels.get(f"{LABEL}.base") == "local"
    return Shelved(
        image.name, "stale", _difference(client, image, newest), newest.tags[0], newest.attrs["Size"], is_local
    )


def _difference(client: docker.DockerClient, image: Image, built: DockerImage) -> str:
    base = known_base(client, image)
    if built.labels.get(f"{LABEL}.base") == "local" and (base is None or not base.is_local):
        return "another base"
    if built.labels.get(f"{LABEL}.environment") in {made.environment for made in recipes_of_today(client, image)}:
        return "the pipeline's sources have changed"
    return "its Dockerfile, requirements.lock or base has changed"


def prune(client: docker.DockerClient) -> tuple[list[str], int]:
    """Remove this project's images that no recipe of today names and no container uses; the tags removed and their bytes.

    Someone else's images have not this project's labels and are never touched; neither is what a container was made of.
    """
    with explained("prune the images"):
        used = {container.attrs["ImageID"] for container in client.containers.list(all=True, sparse=True)}
        kept = set(_kept_tags(client))
        removed, removed_bytes = [], 0
        for image in _all_own(client):
            stale = [tag for tag in image.tags if tag not in kept]
            if image.id in used or len(stale) != len(image.tags):
                continue
            for tag in stale:
                client.images.remove(tag)
                removed.append(tag)
            removed_bytes += int(image.attrs["Size"])
        return removed, removed_bytes


def _kept_tags(client: docker.DockerClient) -> Iterator[str]:
    for image in load_images().values():
        for made in recipes_of_today(client, image):
            yield from (made.tag, made.environment_tag)
    yield from (stand_in_tag(each) for each in load_stand_ins().values())


def _own(client: docker.DockerClient, name: str) -> list[DockerImage]:
    """The images, not the environments, that were built for one entry of the catalogue."""
    filters = {"label": [f"{LABEL}.image={name}", f"{LABEL}.recipe"]}
    repository = f"{REPOSITORY}/{name}:"
    return [image for image in client.images.list(filters=filters) if _only_tagged(image, repository)]


def _all_own(client: docker.DockerClient) -> list[DockerImage]:
    """By label and name both: an image that somebody built on one of ours inherits its labels."""
    found: dict[str, DockerImage] = {}
    for label, repository in ((f"{LABEL}.image", f"{REPOSITORY}/"), (STAND_IN_LABEL, f"{STAND_IN_REPOSITORY}:")):
        images = client.images.list(filters={"label": label})
        found |= {str(image.id): image for image in images if _only_tagged(image, repository)}
    return list(found.values())


def _only_tagged(image: DockerImage, repository: str) -> bool:
    return bool(image.tags) and all(tag.startswith(repository) for tag in image.tags)
