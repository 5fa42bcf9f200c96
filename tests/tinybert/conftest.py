"""One process, one engine: TINYBERT_ENGINE, or else the one that is installed here. Chosen before any test imports it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from tinybert import stop
from tinybert.engine_choice import ENGINES, VARIABLE

os.environ.setdefault(VARIABLE, next((name for name in ENGINES if find_spec(name)), "torch"))
os.environ["HF_HUB_OFFLINE"] = "1"
# pytest-benchmark measures nothing where it sees a worker's variable, and the stage measure runs it in processes of its own.
os.environ.pop("PYTEST_XDIST_WORKER", None)

if TYPE_CHECKING:
    from tests.tinybert.tiny import Project


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("engine"):
        if os.environ[VARIABLE] != marker.args[0]:
            pytest.skip(f"for {marker.args[0]} alone")


@pytest.fixture(autouse=True)
def no_stop_requested() -> Iterator[None]:
    yield
    stop._requested = None


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A tiny data set and tiny weights, with the stages run so far; every stage runs once a session."""
    from tests.tinybert.tiny import Project

    return Project(tmp_path_factory.mktemp("tiny"))
