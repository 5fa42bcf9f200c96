"""The Makefile hands variables on as they are, and ends with the command's exit code."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The Makefile over a `tinybench` that prints its arguments, with nothing left to install."""
    root = tmp_path / "check out"
    shutil.copytree(ROOT / "containers" / "requirements", root / "containers" / "requirements")
    shutil.copy(ROOT / "Makefile", root)
    tinybench = root / ".venv" / "bin" / "tinybench"
    tinybench.parent.mkdir(parents=True)
    tinybench.write_text(
        f"#!{sys.executable}\nimport sys\nprint(sys.argv[1:])\nsys.exit('--profile' in sys.argv and 4)\n"
    )
    tinybench.chmod(0o755)
    (root / ".venv" / ".stamp").touch()
    return root


def make(checkout: Path, *arguments: str, path: str = os.environ["PATH"]) -> subprocess.CompletedProcess[str]:
    """As from a shell of its own: `make test`, which runs this, hands its variables and flags on."""
    environment = {"PATH": path, "LANG": "C.UTF-8"}
    command = ["make", *arguments]
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, timeout=60)


def test_variables_become_options(checkout: Path) -> None:
    done = make(checkout, "bench", "TASK=SST-2", "ENGINE=both", "SEED=3", "STRICT=1")
    assert done.stdout == "['run', '--task', 'SST-2', '--engine', 'both', '--seed', '3', '--strict']\n"
    assert make(checkout, "plan", "TASK=SST-2", "STRICT=0").stdout == "['plan', '--task', 'SST-2']\n"


def test_a_site_can_go_elsewhere(checkout: Path) -> None:
    assert make(checkout, "publish").stdout == "['publish']\n"
    done = make(checkout, "publish", "RUNS=my runs", "TO=a site")
    assert done.stdout == "['publish', '--runs', 'my runs', '--to', 'a site']\n"


@pytest.mark.parametrize("value", ["my glue", "it's", 'a "b"', "`id`", "$$(id)", "a;b|c&d", "-x", "~/glue", "ümlaut"])
def test_awkward_values_arrive_whole(checkout: Path, value: str) -> None:
    done = make(checkout, "bench", "TASK=SST-2", f"DATA_ROOT={value}")
    assert done.stdout == f"{['run', '--task', 'SST-2', '--data-root', value.replace('$$', '$')]}\n"


def test_failures_are_passed_on(checkout: Path) -> None:
    done = make(checkout, "bench", "TASK=SST-2", "PROFILE=quick")
    assert done.returncode == 2 and "Error 4" in done.stderr


def test_every_target_is_in_the_help(checkout: Path) -> None:
    text = make(checkout, "help").stdout
    assert all(
        f"{name}: " in text for name in ("bench", "plan", "publish", "doctor", "test", "lint", "type", "setup", "clean")
    )


@pytest.mark.parametrize("works", [True, False])
def test_root_gets_chromium_where_it_can(checkout: Path, works: bool) -> None:
    """A package that cannot be installed is told and ends nothing. `apt-get` here only notes what it was asked for."""
    programs = checkout / "programs"
    programs.mkdir()
    noted = 'echo "$1" >> asked'
    for name, does in (("apt-get", noted if works else f"{noted}; false"), ("id", "echo 0")):
        (programs / name).write_text(f"#!/bin/sh\n{does}\n")
        (programs / name).chmod(0o755)
    for name in ("sh", "make"):
        (programs / name).symlink_to(str(shutil.which(name)))
    done = make(checkout, "chromium", path=str(programs))
    assert done.returncode == 0 and ("could not install chromium" in done.stderr) is not works
    assert (checkout / "asked").read_text().split() == (["update", "install"] if works else ["update"])
    (programs / "google-chrome").symlink_to(programs / "sh")
    assert make(checkout, "chromium", path=str(programs)).stdout == ""
