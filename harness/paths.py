"""Where things lie: the repository's folders, the user's cache, and names inside a runs folder."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUITES = ROOT / "suites"
TASKS = SUITES / "tasks.yaml"
NO_SUITES = (TASKS, SUITES / "hyper-parameters.yaml")
"""Files of the same folder that are tables, not suites."""
CONTRACT = ROOT / "tinybert" / "contract"
CONTAINERS = ROOT / "containers"
REQUIREMENTS = CONTAINERS / "requirements"
REPORTS = ROOT / "reports"
PUBLISHED = REPORTS / "published"
"""Records of runs worth keeping, a folder each."""
SITE = ROOT / "site"
RUNS = ROOT / "runs"
"""The default runs folder; the user may name another."""


def cache_dir() -> Path:
    """Where downloads are kept: `TINYBENCH_CACHE`, else the user's cache folder. Not created here."""
    named = os.environ.get("TINYBENCH_CACHE")
    if named:
        return Path(named).expanduser().resolve()
    import platformdirs

    return Path(platformdirs.user_cache_dir("tinybert-bench", appauthor=False))


def environment_dir(name: str) -> Path:
    """The virtual environment of an engine: `.venv-torch`, `.venv-oneflow`."""
    return ROOT / f".venv-{name}"
