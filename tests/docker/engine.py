"""The Docker Engine that the tests use."""

from __future__ import annotations

from collections.abc import Iterator

import docker
import pytest

from harness.container.docker_engine import connect, presence


def engine_or_skip() -> Iterator[docker.DockerClient]:
    """For a fixture: a client of the Engine; where none answers, the tests are skipped with what to do."""
    found = presence()
    if not found.answers:
        pytest.skip(f"{found.why}; as root on Debian, tests/docker/engine.sh installs and starts one")
    made = connect()
    yield made
    made.close()
