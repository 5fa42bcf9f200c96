"""One run on the embedded sample, outside containers, that several tests hold their own against."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.bench import NO_GLUE, bench


@pytest.fixture(scope="session")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = tmp_path_factory.mktemp("runs")
    done = bench(runs, "sample", "both", **NO_GLUE)
    assert done.returncode == 0, done.stdout + done.stderr
    return runs
