"""Environments are made by the real venv and pip, from wheels as small as an engine can be."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from harness.errors import ExitCode, InfrastructureError
from harness.paths import REQUIREMENTS, ROOT
from harness.resolve import environment, interpreter
from harness.resolve.environment import ensure_environment, environment_state, lock_sha256
from harness.resolve.interpreter import find_python
from tests.harness.resolve.wheels import make_wheel

TORCH = '__version__ = "2.13.0"\nclass version:\n    cuda = None\n'


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root of its own, whose lock asks for a small `torch` from a folder of wheels."""
    (tmp_path / "wheels").mkdir()
    make_wheel(tmp_path / "wheels", "torch", "2.13.0", {"torch/__init__.py": TORCH})
    (tmp_path / "torch.txt").write_text("-c constraints.txt\ntorch==2.13.0\n")
    (tmp_path / "constraints.txt").write_text("# nothing\n")
    monkeypatch.setattr(environment, "REQUIREMENTS", tmp_path)
    monkeypatch.setattr(environment, "environment_dir", lambda name: tmp_path / f".venv-{name}")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    return tmp_path


def test_made_once_remade_when_incomplete_or_stale(house: Path) -> None:
    assert environment_state("torch") == ("absent", None)
    lines: list[str] = []
    made = ensure_environment("torch", lines.append)
    assert made.python.is_relative_to(house / ".venv-torch")
    assert (made.engine_version, made.cuda) == ("2.13.0", None)
    assert any("installing torch.txt" in line for line in lines)
    assert environment_state("torch") == ("ready", made)

    lines.clear()
    marker = house / ".venv-torch" / "marker"
    marker.touch()
    assert ensure_environment("torch", lines.append) == made
    assert lines == []

    (house / "constraints.txt").write_text("# something else\n")
    assert environment_state("torch")[0] == "stale"
    assert ensure_environment("torch", lines.append).lock_sha256 != made.lock_sha256
    assert not marker.exists()
    assert "making it anew" in lines[0]

    with pytest.raises(InfrastructureError, match="CPU build"):
        ensure_environment("torch", lines.append, device="cuda")


def test_a_failed_install_is_one_message_with_its_log_and_is_no_environment(house: Path) -> None:
    (house / "torch.txt").write_text("torch==9.9.9\n")
    with pytest.raises(InfrastructureError, match=r"torch==9\.9\.9") as caught:
        ensure_environment("torch", lambda line: None)
    assert caught.value.exit_code == ExitCode.INFRASTRUCTURE
    assert "\n" not in caught.value.message
    log = Path(re.search(r"is in (.+)$", caught.value.message).group(1))  # type: ignore[union-attr]
    assert "No matching distribution" in log.read_text()
    assert environment_state("torch") == ("stale", None)


def test_an_engine_that_does_not_import_is_no_environment(house: Path) -> None:
    make_wheel(house / "wheels", "torch", "2.13.0", {"torch/__init__.py": "import absent_library\n"})
    with pytest.raises(InfrastructureError, match="does not import"):
        ensure_environment("torch", lambda line: None)
    assert environment_state("torch") == ("stale", None)
    assert "absent_library" in (house / ".venv-torch.log").read_text()


def test_killed_in_the_middle_and_started_twice_ends_in_one_environment(house: Path) -> None:
    """The first is killed at work; of the two that follow, one makes the environment and the other waits for it."""
    code = textwrap.dedent(
        f"""
        from pathlib import Path
        from harness.resolve import environment
        environment.REQUIREMENTS = Path({str(house)!r})
        environment.environment_dir = lambda name: Path({str(house)!r}) / f".venv-{{name}}"
        environment.ensure_environment("torch", lambda line: print(line, flush=True))
        """
    )

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)

    first = start()
    while not (house / ".venv-torch" / "bin").exists():
        assert first.poll() is None
        time.sleep(0.01)
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    assert environment_state("torch") == ("stale", None)
    outputs = [process.communicate()[0] for process in [start(), start()]]
    assert environment_state("torch")[0] == "ready"
    assert sum("is ready" in output for output in outputs) == 1


def test_lock_hash_covers_what_the_lock_includes(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("-r b.txt\n-c c.txt\nx==1\n")
    (tmp_path / "b.txt").write_text("y==1\n")
    (tmp_path / "c.txt").write_text("z==1\n")
    seen = {lock_sha256(tmp_path / "a.txt")}
    for name in ("a.txt", "b.txt", "c.txt"):
        with (tmp_path / name).open("a") as file:
            file.write("# changed\n")
        seen.add(lock_sha256(tmp_path / "a.txt"))
    assert len(seen) == 4


@pytest.mark.parametrize(
    "lock", ["harness", "browser", "lint", "oneflow", "measuring", "peers", "pipeline", "test", "test-torch", "torch"]
)
def test_every_requirement_has_one_version(lock: str) -> None:
    """A name without a version has it in the constraints, and none has it twice for the same Python."""
    constraints = _requirements("constraints") + _requirements("constraints-tools")
    for line in constraints + _requirements(lock):
        name, pinned = re.split(r"[=;\s]", line)[0], "==" in line
        assert pinned or any(each.startswith(f"{name}==") for each in constraints), f"{lock}.txt: {line} has no version"
    for line in [line for line in _requirements(lock) if "==" in line]:
        assert not any(each.startswith(line.partition("=")[0] + "==") for each in constraints), f"{line} twice"


def _requirements(name: str) -> list[str]:
    lines = (REQUIREMENTS / f"{name}.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def test_python_for_oneflow_is_found_or_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter that does not run, or is of another version, is passed over."""
    folder = tmp_path / "versions" / "3.10.99" / "bin"
    folder.mkdir(parents=True)
    candidate = folder / "python3.10"
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "absent"))
    monkeypatch.setenv("PATH", str(tmp_path / "absent"))
    monkeypatch.setattr(interpreter, "SYSTEM_FOLDERS", ())
    for script in ("#!/bin/sh\nexit 127\n", "#!/bin/sh\necho 3.9; echo /usr/bin/python3.9\n", "no program"):
        candidate.write_text(script)
        candidate.chmod(0o755)
        if sys.version_info[:2] != (3, 10):
            with pytest.raises(InfrastructureError, match=r"pyenv install 3\.10"):
                find_python("oneflow")
    candidate.write_text("#!/bin/sh\necho 3.10; echo /the/real/python3.10\n")
    expected = Path(sys.executable) if sys.version_info[:2] == (3, 10) else Path("/the/real/python3.10")
    assert find_python("oneflow") == expected


def test_torch_takes_the_harnesss_own_python() -> None:
    assert find_python("torch") == Path(sys.executable)
