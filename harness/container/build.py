"""Building an image: its environment from the lock's wheels, then the pipeline's sources on top."""

from __future__ import annotations

import contextlib
import datetime
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker.models.images import Image as DockerImage
from filelock import FileLock

import harness
from harness.checkout import git
from harness.container import sbom
from harness.container.base import get_base, known_base
from harness.container.catalog import Image
from harness.container.docker_engine import explained, find
from harness.container.recipe import (
    PIPELINE_DOCKERFILE,
    REQUIREMENTS,
    Recipe,
    official_base,
    pipeline_sources,
    recipe,
)
from harness.container.wheels import fetch_wheels
from harness.errors import InfrastructureError
from harness.paths import ROOT, cache_dir
from harness.resolve.environment import Report

LABEL = "org.tinybench"
"""Prefix of this project's labels: `image` (the catalogue's name), `recipe`, `environment`, `base` (official or local)."""


@dataclass(frozen=True)
class Built:
    """An image ready to run; `facts` are what a record keeps of it (docs/contract.md)."""

    recipe: Recipe
    image_id: str
    facts: dict[str, Any]


def known(client: docker.DockerClient, image: Image) -> Built | None:
    """The image, if it was built from today's recipe on a base that is here. Asks no registry and builds nothing."""
    for made in recipes_of_today(client, image):
        if (found := find(client, made.tag)) is not None:
            return _built(made, found)
    return None


def recipes_of_today(client: docker.DockerClient, image: Image) -> list[Recipe]:
    """On the official base, whether or not it is here, and on the stand-in where that is what is here."""
    bases = dict.fromkeys((official_base(image), known_base(client, image)))
    return [recipe(image, base) for base in bases if base is not None]


def ensure(client: docker.DockerClient, image: Image, strict: bool, report: Report) -> Built:
    """The image of today's recipe, built where it is not there. One process builds at a time; a broken build leaves nothing.

    Raises UsageError for a stand-in base under `strict`, InfrastructureError for what cannot be fetched or built.
    """
    built = known(client, image)
    if built is None or (strict and built.recipe.base.is_local):
        with _building(image):
            base = get_base(client, image, strict, report)
            built = known(client, image)
            if built is None or built.recipe.base != base:
                built = _build(client, recipe(image, base), report)
    if not sbom.sbom_path(built.image_id).exists():  # also where the cache was emptied since
        sbom.write(client, built.image_id, image.name)
    return built


@contextlib.contextmanager
def _building(image: Image) -> Iterator[None]:
    """Keeps other harnesses of this user from building the same image meanwhile."""
    try:
        _builds().mkdir(parents=True, exist_ok=True)
        lock = FileLock(_builds() / f"{image.name}.lock")
        lock.acquire()
    except OSError as error:
        raise _no_room(error) from error
    try:
        yield
    finally:
        lock.release()


def _builds() -> Path:
    """Beside the cache, where there is room for wheels, not on a small /tmp."""
    return cache_dir() / "builds"


def _no_room(error: OSError) -> InfrastructureError:
    return InfrastructureError(
        f"cannot prepare a build in {_builds()}: {error.strerror or error}; set TINYBENCH_CACHE to another folder"
    )


def _build(client: docker.DockerClient, made: Recipe, report: Report) -> Built:
    environment = find(client, made.environment_tag)
    if environment is None:
        environment = _build_environment(client, made, report)
    with _context() as context:
        for source in pipeline_sources():
            target = context / source.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        shutil.copyfile(PIPELINE_DOCKERFILE, context / "Dockerfile")
        labels = _labels(made) | {f"{LABEL}.recipe": made.whole}
        arguments = {"ENVIRONMENT_IMAGE": made.environment_tag}
        built = _run_build(client, context, made.tag, arguments, labels, report)
    return _built(made, built)


def _build_environment(client: docker.DockerClient, made: Recipe, report: Report) -> DockerImage:
    image = made.image
    if not (image.folder / REQUIREMENTS).is_file():
        raise InfrastructureError(f"{image.folder / REQUIREMENTS} is missing: `tinybench images lock {image.name}`")
    with _context() as context:
        for name in ("Dockerfile", REQUIREMENTS):
            shutil.copyfile(image.folder / name, context / name)
        (context / "wheels").mkdir()
        fetch_wheels(image, context / "wheels", report)
        arguments = {"BASE_IMAGE": made.base.reference}
        built = _run_build(client, context, made.environment_tag, arguments, _labels(made), report)
    _clear_away_first_stages(client)
    return built


def _clear_away_first_stages(client: docker.DockerClient) -> None:
    """The classic builder keeps the stage that held the wheels, twice the environment's size, for a build that never comes."""
    with explained("clear away the build's first stage"):
        filters = {"dangling": True, "label": f"{LABEL}.stage=install"}
        for image in client.images.list(filters=filters):
            with contextlib.suppress(docker.errors.APIError):  # of a build that another harness has under way
                client.images.remove(str(image.id))


@contextlib.contextmanager
def _context() -> Iterator[Path]:
    """A folder for a build's context, gone after it."""
    try:
        with tempfile.TemporaryDirectory(dir=_builds()) as folder:
            context = Path(folder) / "context"
            context.mkdir()
            yield context
    except OSError as error:
        raise _no_room(error) from error


def _run_build(
    client: docker.DockerClient,
    context: Path,
    tag: str,
    arguments: dict[str, str],
    labels: dict[str, str],
    report: Report,
) -> DockerImage:
    """The classic builder, which every Engine has. Its intermediate containers go also when it fails."""
    title = f"building {tag}"
    report(title)
    last = ""
    with explained(f"build {tag}"):
        events = client.api.build(
            path=str(context), tag=tag, buildargs=arguments, labels=labels, rm=True, forcerm=True, decode=True
        )
        for event in events:
            line = str(event.get("stream", "")).strip()
            if "error" in event:
                raise InfrastructureError(
                    f"{title} failed: {str(event['error']).strip().splitlines()[0]} (after: {last})"
                )
            if line:
                last = line.splitlines()[-1]
                report(f"{title}: {last}")
    found = find(client, tag)
    if found is None:
        raise InfrastructureError(f"{title} ended without an image")
    return found


def _labels(made: Recipe) -> dict[str, str]:
    """OCI's annotations (https://specs.opencontainers.org/image-spec/annotations/), then this project's own."""
    image, now = made.image, datetime.datetime.now(datetime.timezone.utc)
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch:
        now = datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc)
    oci = "org.opencontainers.image"
    return {
        f"{oci}.title": f"TinyBERT Bench: {image.name}",
        f"{oci}.description": f"{image.engine} {image.engine_version} on Python {image.python} for {image.device}",
        f"{oci}.version": harness.__version__,
        f"{oci}.revision": git()["commit"] or "unknown",
        f"{oci}.created": now.isoformat(timespec="seconds"),
        f"{oci}.base.name": made.base.reference.partition("@")[0],
        **({} if made.base.is_local else {f"{oci}.base.digest": made.base.identity}),
        f"{LABEL}.image": image.name,
        f"{LABEL}.environment": made.environment,
        f"{LABEL}.base": "local" if made.base.is_local else "official",
    }


def _built(made: Recipe, found: DockerImage) -> Built:
    facts = {
        "name": made.image.name,
        "tag": made.tag,
        "image_id": found.id,
        "recipe": made.whole,
        "environment": made.environment,
        "layers": found.attrs["RootFS"]["Layers"],
        "digests": found.attrs.get("RepoDigests") or [],
        "bytes": found.attrs["Size"],
        "base": {
            "reference": made.base.reference,
            "identity": made.base.identity,
            "local": made.base.is_local,
        },
    }
    return Built(made, str(found.id), facts)
