"""The wheels of an image's lock, fetched on the host: its pip knows this machine's mirrors and certificates, the image need not."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from harness.container.catalog import Image
from harness.container.recipe import REQUIREMENTS
from harness.errors import InfrastructureError
from harness.orphans import die_with_harness
from harness.resolve.environment import Report

GLIBC_MINOR = 35
"""The oldest glibc of the bases, 2.35 (Ubuntu 22.04): wheels for newer ones would not load."""
_POLL_S = 0.5


def fetch_wheels(image: Image, folder: Path, report: Report) -> None:
    """Download every wheel of the image's lock into `folder`, each held against its hash. Nothing is run or built.

    Raises InfrastructureError with pip's own first error.
    """
    title = f"{image.name}: fetching its wheels"
    report(title)
    log = folder.with_name("pip.log")
    with (
        log.open("wb") as output,
        subprocess.Popen(
            _command(image, folder), stdout=output, stderr=subprocess.STDOUT, preexec_fn=die_with_harness()
        ) as pip,
    ):
        try:
            while pip.poll() is None:
                time.sleep(_POLL_S)
                done_bytes = sum(path.stat().st_size for path in folder.glob("*.whl"))
                report(f"{title}: {done_bytes / 1e6:.0f} MB")
        except BaseException:
            pip.kill()
            raise
    if pip.returncode != 0:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
        errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR:")]
        cause = next(iter(errors or lines[-1:]), "it left no word")
        hint = ""
        if "+cpu" in cause:
            hint = "; PyTorch's CPU build is not on PyPI: give pip PyTorch's own index for it (PIP_EXTRA_INDEX_URL)"
        raise InfrastructureError(f"{title} failed: {cause}{hint}")


def _command(image: Image, folder: Path) -> list[str]:
    python = image.python.replace(".", "")
    platforms = [f"manylinux_2_{minor}_x86_64" for minor in range(GLIBC_MINOR, 4, -1)]
    platforms += ["manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "linux_x86_64"]
    return [
        *(sys.executable, "-I", "-m", "pip", "--disable-pip-version-check", "download", "--progress-bar=off"),
        *("--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:", "--implementation=cp"),
        *(f"--python-version={image.python}", f"--abi=cp{python}", "--abi=abi3", "--abi=none"),
        *(f"--platform={platform}" for platform in platforms),
        *("--dest", str(folder), "--requirement", str(image.folder / REQUIREMENTS)),
    ]
