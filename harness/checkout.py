"""The git checkout that the harness runs from."""

from __future__ import annotations

import subprocess
from typing import Any

from harness.paths import ROOT


def git() -> dict[str, Any]:
    """The commit that ran and whether files differed from it; nulls outside a git checkout."""

    def ask(*arguments: str) -> str | None:
        try:
            done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, timeout=30)
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    changes = ask("status", "--porcelain", "--untracked-files=no")
    return {"commit": ask("rev-parse", "HEAD"), "dirty": None if changes is None else bool(changes)}
