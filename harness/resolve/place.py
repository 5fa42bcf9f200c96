"""Where stages run: in a container wherever a Docker Engine answers, in a virtual environment where none does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.container.catalog import Image, find_image, image_for
from harness.container.docker_engine import presence
from harness.errors import InfrastructureError, UsageError
from harness.resolve import Resolution
from harness.resolve.engine import EngineChoice, resolve_engines

LOCAL = "local"
"""The name for outside any container."""


@dataclass(frozen=True)
class Place:
    """An engine on a device, in a container or not. `image` is None outside one."""

    engine: EngineChoice
    image: Image | None
    resolution: Resolution


def resolve_places(
    containers: Sequence[str] | None, engine: str | None, device: str | None, threads: int | None, strict: bool
) -> list[Place]:
    """One place for each container that was asked for; else for each engine, where this machine runs it best.

    Raises UsageError for unknown or contradicting names, and under `strict` where no Engine answers and nobody said
    `local`; InfrastructureError where a container was asked for and no Engine answers, or a device is missing.
    """
    if containers is None:
        return _default_places(resolve_engines(engine, device, threads), strict)
    repeated = sorted({name for name in containers if containers.count(name) > 1})
    if repeated or not containers:
        raise UsageError(f"CONTAINERS={','.join(containers)}: each once, and at least one")
    found = presence()
    places: list[Place] = []
    for name in containers:
        image = None if name == LOCAL else find_image(name)
        if image is None:
            asked = Resolution("container", "none: a virtual environment", f"CONTAINERS={LOCAL}", fallback=False)
            places += [Place(each, None, asked) for each in resolve_engines(engine, device, threads)]
            continue
        for what, asked_for, has in (("ENGINE", engine, image.engine), ("DEVICE", device, image.device)):
            if asked_for not in (None, "both", has):
                raise UsageError(f"CONTAINERS={name} runs {has}, not {what}={asked_for}: leave {what} out")
        if not found.answers:
            raise InfrastructureError(f"CONTAINERS={name}: {found.why}; start it, or say CONTAINERS={LOCAL}")
        (choice,) = resolve_engines(image.engine, image.device, threads)
        why = f"CONTAINERS={name}"
        choice = replace(choice, resolution=replace(choice.resolution, reason=why))
        places.append(Place(choice, image, Resolution("container", name, why, fallback=False)))
    return places


def _default_places(engines: Sequence[EngineChoice], strict: bool) -> list[Place]:
    found = presence()
    if found.answers:
        return [_contained(each, found.why) for each in engines]
    if strict:
        raise UsageError(
            f"{found.why}, and STRICT=1 does not run outside a container unasked: start it, or say CONTAINERS={LOCAL}"
        )
    outside = Resolution("container", "none: a virtual environment", found.why, fallback=True)
    return [Place(each, None, outside) for each in engines]


def _contained(engine: EngineChoice, why: str) -> Place:
    image = image_for(engine.engine, engine.device)
    return Place(engine, image, Resolution("container", image.name, f"{why}, {engine.device}", fallback=False))
