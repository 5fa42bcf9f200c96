"""The engines' virtual environments: made on demand from their locks, and made anew when those change."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import Literal

from filelock import FileLock, Timeout

from harness.errors import InfrastructureError
from harness.orphans import die_with_harness
from harness.paths import REQUIREMENTS, environment_dir
from harness.resolve.interpreter import find_python

Report = Callable[[str], None]

_STAMP = "tinybench.json"
_LOCK_TIMEOUT_S = 3600.0
_IMPORT_TIMEOUT_S = 300
_POLL_S = 0.5

# Sets `e` to the engine and `cuda` to the CUDA version of its build, "11.7", or None.
_CHECK = {
    "oneflow": """
import oneflow as e, oneflow.sysconfig
number = e.sysconfig.get_cuda_version() if e.sysconfig.with_cuda() else 0
cuda = f"{number // 1000}.{number % 1000 // 10}" if number else None
""",
    "torch": """
import torch as e
cuda = e.version.cuda
""",
}
_PRINT = "import json, platform; print(json.dumps([platform.python_version(), e.__version__, cuda]))"


@dataclass(frozen=True)
class EngineEnvironment:
    """A complete environment. `cuda` is the CUDA version of the engine's build, None for a CPU build."""

    engine: str
    python: Path
    lock_sha256: str
    python_version: str
    engine_version: str
    cuda: str | None


def lock_sha256(lock: Path) -> str:
    """SHA-256 over a requirements file and all that it includes by -r or -c, in the order of reading."""
    digest = hashlib.sha256()

    def read(path: Path) -> None:
        content = path.read_text(encoding="utf-8")
        digest.update(f"{path.name}\0{content}\0".encode())
        for line in content.splitlines():
            option, _, value = line.partition(" ")
            if option in ("-r", "-c"):
                read(path.parent / value.strip())

    read(lock)
    return digest.hexdigest()


def environment_state(engine: str) -> tuple[Literal["ready", "stale", "absent"], EngineEnvironment | None]:
    """Whether the engine's environment is there, complete and made from today's lock. Starts nothing."""
    folder = environment_dir(engine)
    if not folder.exists():
        return "absent", None
    try:
        stamp = json.loads((folder / _STAMP).read_text())
        environment = EngineEnvironment(**{**stamp, "python": folder / "bin" / "python"})
    except (OSError, ValueError, TypeError):
        return "stale", None
    current = environment.lock_sha256 == lock_sha256(_lock(engine)) and environment.python.exists()
    return ("ready" if current else "stale"), environment


def ensure_environment(engine: str, report: Report, device: str = "cpu") -> EngineEnvironment:
    """The engine's environment, made or remade where it is not ready; `report` gets a line now and then meanwhile.

    Raises InfrastructureError when it cannot be made, or when the engine's build has no CUDA and `device` is "cuda".
    """
    environment = _existing(engine)
    if environment is None:
        folder = environment_dir(engine)
        try:
            with FileLock(folder.with_name(f"{folder.name}.lock"), timeout=_LOCK_TIMEOUT_S):
                environment = _existing(engine) or _build(engine, folder, report)
        except Timeout as error:
            raise InfrastructureError(f"another process holds {error.lock_file}; wait for it, or remove it") from error
        except OSError as error:
            raise InfrastructureError(f"cannot make {folder}: {error.strerror or error}") from error
    if device == "cuda" and environment.cuda is None:
        raise InfrastructureError(
            f"{engine} {environment.engine_version} in {environment_dir(engine).name} is a CPU build, "
            "which pip's settings chose over the CUDA one: change them and remove that folder, or use DEVICE=cpu"
        )
    return environment


def _existing(engine: str) -> EngineEnvironment | None:
    state, environment = environment_state(engine)
    return environment if state == "ready" else None


def _build(engine: str, folder: Path, report: Report) -> EngineEnvironment:
    """Make it in its place, since its scripts hold its path; the stamp, written last, says that it is whole."""
    base = find_python(engine)
    log = folder.with_name(f"{folder.name}.log")
    lock = _lock(engine)
    lock_hash = lock_sha256(lock)
    if folder.exists():
        report(f"{engine}: the environment {folder.name} is incomplete or out of date; making it anew")
        # Away first: a grandchild of a killed harness (venv's pip) may still be writing into it.
        old = folder.with_name(f"{folder.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        folder.rename(old)
        shutil.rmtree(old, ignore_errors=True)
    log.write_bytes(b"")
    python = folder / "bin" / "python"
    # -I: what the user's PYTHONPATH holds is no part of the environment.
    _run([base, "-I", "-m", "venv", folder], log, f"{engine}: making {folder.name}", report)
    pip: list[str | Path] = [python, "-I", "-m", "pip", "--disable-pip-version-check"]
    install = [*pip, "install", "--progress-bar", "off", "-r", lock]
    _run(install, log, f"{engine}: installing {lock.name} into {folder.name}", report)
    report(f"{engine}: checking that it imports")
    environment = _checked(engine, python, lock_hash, log)
    stamp = {name: value for name, value in asdict(environment).items() if name != "python"}
    temporary = folder / f"{_STAMP}.partial"
    temporary.write_text(json.dumps(stamp, indent=1) + "\n")
    temporary.replace(folder / _STAMP)
    report(f"{engine}: {engine} {environment.engine_version} on Python {environment.python_version} is ready")
    return environment


def _run(command: list[str | Path], log: Path, title: str, report: Report) -> None:
    """Run to the end with output to `log`, reporting the elapsed time and pip's current line whenever that changes."""
    start_s = time.monotonic()
    report(title)
    with (
        log.open("ab") as output,
        subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, preexec_fn=die_with_harness()) as process,
    ):
        try:
            last = ""
            while process.poll() is None:
                time.sleep(_POLL_S)
                line = _current_step(log)
                if line and line != last:
                    last = line
                    report(f"{title}: {line} ({time.monotonic() - start_s:.0f} s)")
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        raise InfrastructureError(f"{title} failed: {_cause(log)}; the whole output is in {log}")


def _current_step(log: Path) -> str:
    for line in reversed(log.read_text(errors="replace").splitlines()):
        words = line.split()
        if len(words) > 1 and words[0] in ("Collecting", "Downloading", "Processing", "Installing"):
            return "installing the packages" if words[0] == "Installing" else f"{words[0]} {PurePath(words[1]).name}"
    return ""


def _cause(log: Path) -> str:
    """The first error that pip names: the later ones follow from it."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("ERROR:", "error:", "Error:", "OSError:"))]
    return (errors or lines or ["no output"])[0 if errors else -1].removeprefix("ERROR: ")[:300]


def _checked(engine: str, python: Path, lock_hash: str, log: Path) -> EngineEnvironment:
    try:
        result = subprocess.run(
            [python, "-I", "-c", _CHECK[engine] + _PRINT],
            capture_output=True,
            text=True,
            timeout=_IMPORT_TIMEOUT_S,
            check=False,
            cwd=python.parent,
        )
        with log.open("a") as output:
            output.write(result.stdout + result.stderr)
        python_version, engine_version, cuda = json.loads(result.stdout.splitlines()[-1])
    except (subprocess.TimeoutExpired, ValueError, IndexError) as error:
        raise InfrastructureError(f"{engine} was installed but does not import; see {log}") from error
    return EngineEnvironment(engine, python, lock_hash, python_version, engine_version, cuda)


def _lock(engine: str) -> Path:
    return REQUIREMENTS / f"{engine}.txt"
