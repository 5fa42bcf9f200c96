"""The Docker Engine: reaching it, and its faults in words that say what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import docker
import requests
from docker.errors import APIError, DockerException
from docker.models.images import Image as DockerImage

from harness.errors import InfrastructureError

CONNECT_TIMEOUT_S = 5
REQUEST_TIMEOUT_S = 120
"""Creating and starting a container takes under a second; a busy disk may take far longer."""


@dataclass(frozen=True)
class Presence:
    """Whether an Engine answers; `why` says what it is, or what keeps it from being used."""

    answers: bool
    why: str


def presence() -> Presence:
    """Asks the Engine that DOCKER_HOST names, else the local socket. Only one on this machine will do: folders are mounted."""
    try:
        client = docker.from_env(timeout=CONNECT_TIMEOUT_S)
        try:
            if not client.api.base_url.startswith(("http+docker:", "http+unix:")):
                return Presence(False, f"the Engine at {client.api.base_url} is not on this machine")
            version = client.version()
        finally:
            client.close()
    except (DockerException, requests.RequestException, OSError) as error:
        return Presence(False, f"no Docker Engine answers ({reason(error)})")
    return Presence(True, f"Docker Engine {version['Version']}")


def connect() -> docker.DockerClient:
    """A client of the Engine. Raises InfrastructureError where none answers."""
    with explained("reach the Docker Engine"):
        client = docker.from_env(timeout=REQUEST_TIMEOUT_S)
        client.ping()
        return client


@contextlib.contextmanager
def explained(what: str) -> Iterator[None]:
    """Turn a fault of the Engine, or its absence, into one message."""
    try:
        yield
    except (DockerException, requests.RequestException) as error:
        if is_gone(error):
            message = f"cannot {what}: no Docker Engine answers ({reason(error)}); start it, or say CONTAINERS=local"
        else:
            message = f"cannot {what}: {reason(error)}"
        raise InfrastructureError(message) from error


def is_gone(error: Exception) -> bool:
    """Whether the Engine does not answer, as opposed to answering with an error."""
    return not isinstance(error, APIError)


def reason(error: Exception) -> str:
    """The cause in one line, without the nesting that clients wrap around it."""
    if isinstance(error, APIError) and error.explanation:
        return str(error.explanation).strip().splitlines()[0]
    cause: BaseException = error
    while cause.__cause__ is not None or cause.__context__ is not None:
        following = cause.__cause__ or cause.__context__
        assert following is not None
        cause = following
    return str(getattr(cause, "strerror", None) or cause).strip().splitlines()[0]


def find(client: docker.DockerClient, tag: str) -> DockerImage | None:
    """An image by tag or id, or None. (`run` alone would try to pull what is missing.)"""
    with explained(f"look for the image {tag}"):
        try:
            return client.images.get(tag)
        except docker.errors.ImageNotFound:
            return None
