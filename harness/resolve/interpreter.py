"""Finding a Python for an engine: OneFlow 0.9.0 has wheels for 3.10 at the latest, torch runs on the harness's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from harness.errors import InfrastructureError

ONEFLOW_PYTHON = "3.10"
SYSTEM_FOLDERS = ("/usr/bin", "/usr/local/bin", "/opt/homebrew/bin")
_PROBE_TIMEOUT_S = 20
# ensurepip and venv are asked for because Debian ships a python3 without them.
_PROBE = "import ensurepip, sys, venv; print(*sys.version_info[:2], sep='.'); print(sys.executable)"


def find_python(engine: str) -> Path:
    """The interpreter to make the engine's environment from. Raises InfrastructureError that says what to install."""
    if engine != "oneflow":
        return Path(sys.executable)
    for candidate in _candidates(ONEFLOW_PYTHON):
        found = _usable(candidate, ONEFLOW_PYTHON)
        if found is not None:
            return found
    raise InfrastructureError(
        f"OneFlow 0.9.0 needs Python {ONEFLOW_PYTHON} (with venv and pip), and none is on PATH, under pyenv or uv. "
        f"Install one (`pyenv install {ONEFLOW_PYTHON}`, `uv python install {ONEFLOW_PYTHON}`, or the system's "
        f"python{ONEFLOW_PYTHON} and python{ONEFLOW_PYTHON}-venv), or use ENGINE=torch"
    )


def _candidates(version: str) -> Iterator[Path]:
    name = f"python{version}"
    if sys.version_info[:2] == tuple(int(part) for part in version.split(".")):
        yield Path(sys.executable)
    on_path = shutil.which(name)
    if on_path:
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or Path.home() / ".local" / "share" / "uv" / "python")
    yield from _newest_first(pyenv / "versions", f"{version}*/bin/{name}")
    yield from _newest_first(uv, f"cpython-{version}*/bin/{name}")
    yield from (Path(folder) / name for folder in SYSTEM_FOLDERS)


def _newest_first(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern), reverse=True)


def _usable(candidate: Path, version: str) -> Path | None:
    """The interpreter behind `candidate` (which may be a pyenv shim), or None when it will not do."""
    try:
        result = subprocess.run(
            [candidate, "-c", _PROBE], capture_output=True, text=True, timeout=_PROBE_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = result.stdout.splitlines()
    return Path(lines[1]) if result.returncode == 0 and lines[0] == version else None
