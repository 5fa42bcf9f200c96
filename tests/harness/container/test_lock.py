"""Bringing images.yaml up to date in place."""

from __future__ import annotations

from pathlib import Path

from harness.container.catalog import CATALOG
from harness.container.lock import _rewrite


def test_only_the_named_values_change_and_comments_stay(tmp_path: Path) -> None:
    path = tmp_path / "images.yaml"
    path.write_text(CATALOG.read_text())
    digest = "sha256:" + "a" * 64
    assert _rewrite({"torch-2-cpu": {"digest": digest, "recipe": "b" * 64}}, path) == ["torch-2-cpu"]
    before, after = CATALOG.read_text().splitlines(), path.read_text().splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert [new.strip() for _, new in changed] == [f"digest: {digest}", f"recipe: {'b' * 64}"]
    assert _rewrite({"torch-2-cpu": {"digest": digest}}, path) == []
