"""What an image is built on: the official base by digest, or a stand-in made here where no registry answers."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator

import docker
from docker.errors import APIError, DockerException

from harness.container.catalog import Image, StandIn
from harness.container.docker_engine import explained, find, reason
from harness.container.recipe import Base, official_base
from harness.errors import InfrastructureError, UsageError
from harness.orphans import die_with_harness
from harness.resolve.environment import Report

STAND_IN_REPOSITORY = "local/tinybench-base"
"""Never an official image's name: a record must not claim an origin that the base does not have."""
STAND_IN_LABEL = "org.tinybench.stand-in"
VARIANT = "minbase"
_BLOCK_BYTES = 1 << 20
_LEFT_OUT = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*")


def known_base(client: docker.DockerClient, image: Image) -> Base | None:
    """The base that is here already, the official one first; None where neither is. Asks no registry."""
    if find(client, image.pinned_base) is not None:
        return official_base(image)
    return known_stand_in(client, image.stand_in)


def get_base(client: docker.DockerClient, image: Image, strict: bool, report: Report) -> Base:
    """The official base, pulled by its digest where it is not here; where no registry answers, the stand-in.

    Raises UsageError under `strict` instead of standing in, InfrastructureError where no stand-in can be made.
    """
    if find(client, image.pinned_base) is not None:
        return official_base(image)
    title = f"{image.name}: pulling {image.base}"
    report(title)
    try:
        repository = image.base.rpartition(":")[0]
        for event in client.api.pull(repository, tag=image.digest, stream=True, decode=True):
            if "error" in event:
                raise DockerException(event["error"])
            report(f"{title}: {event.get('status', '')}")
        return official_base(image)
    except APIError as error:
        why = reason(error)
    except DockerException as error:
        why = str(error).strip().splitlines()[0]
    if strict:
        raise UsageError(f"the base {image.pinned_base} cannot be pulled, and STRICT=1 allows no stand-in: {why}")
    report(f"{image.name}: {image.base} cannot be pulled ({why}); the stand-in {image.stand_in.name} takes its place")
    return known_stand_in(client, image.stand_in) or make_stand_in(client, image.stand_in, report)


def known_stand_in(client: docker.DockerClient, stand_in: StandIn) -> Base | None:
    found = find(client, stand_in_tag(stand_in))
    if found is None:
        return None
    layers = json.dumps(found.attrs["RootFS"]["Layers"])
    return Base(stand_in_tag(stand_in), f"layers {hashlib.sha256(layers.encode()).hexdigest()}", is_local=True)


def stand_in_tag(stand_in: StandIn) -> str:
    """The tag carries a hash of what the stand-in is made of."""
    made_of = json.dumps([VARIANT, stand_in.suite, stand_in.components, stand_in.packages, _LEFT_OUT])
    return f"{STAND_IN_REPOSITORY}:{stand_in.name}-{hashlib.sha256(made_of.encode()).hexdigest()[:12]}"


def make_stand_in(client: docker.DockerClient, stand_in: StandIn, report: Report) -> Base:
    """Make a base from the distribution's own packages and import it, without any registry. Takes about a minute."""
    command = _command(stand_in)
    title = f"making the stand-in base {stand_in.name} (about a minute)"
    report(title)
    tag = stand_in_tag(stand_in)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=die_with_harness()
    ) as process:
        try:
            with explained(f"import {tag}"):
                client.api.import_image_from_stream(
                    _blocks(process, report, title),
                    repository=STAND_IN_REPOSITORY,
                    tag=tag.rpartition(":")[2],
                    changes=[f"LABEL {STAND_IN_LABEL}={stand_in.name}", 'CMD ["/bin/sh"]'],
                )
        except BaseException:
            process.kill()
            raise
    made = known_stand_in(client, stand_in)
    if made is None:
        raise InfrastructureError(f"the Docker Engine did not keep the stand-in {tag}")
    return made


def _blocks(process: subprocess.Popen[bytes], report: Report, title: str) -> Iterator[bytes]:
    """The tar as it comes; a failed end is an error before the import's end."""
    out, errors = process.stdout, process.stderr
    assert out is not None and errors is not None
    lines: list[str] = []

    def listen() -> None:
        for line in errors:
            lines.append(line.decode(errors="replace").strip())
            if lines[-1].startswith("I: "):
                report(f"{title}: {lines[-1][3:]}")

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    yield from iter(lambda: out.read(_BLOCK_BYTES), b"")
    listener.join()
    if process.wait() != 0:
        faults = [line for line in lines if line.startswith("E: ")] or lines or ["it left no word"]
        raise InfrastructureError(f"mmdebstrap failed: {faults[0].removeprefix('E: ')}")


def _command(stand_in: StandIn) -> list[str]:
    if shutil.which("mmdebstrap") is None:
        raise InfrastructureError(
            f"the stand-in {stand_in.name} is made by mmdebstrap, which is not installed: `apt install mmdebstrap`, "
            "or connect the Docker Engine to a registry"
        )
    options = [f"--dpkgopt=path-exclude={path}" for path in _LEFT_OUT]
    return [
        "mmdebstrap",
        f"--variant={VARIANT}",
        f"--components={','.join(stand_in.components)}",
        f"--include={','.join(('apt', *stand_in.packages))}",
        *options,
        *([] if stand_in.keyring is None else [f"--keyring={stand_in.keyring}"]),
        '--aptopt=Acquire::Retries "3"',
        stand_in.suite,
        "-",
    ]
