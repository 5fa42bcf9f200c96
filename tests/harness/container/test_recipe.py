"""An image's tag changes with everything that it is made of, and with nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.container import catalog, recipe
from harness.container.catalog import Image, find_image
from harness.container.recipe import Base, official_base
from tests.harness.project import ROOT


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Image:
    """`torch-2-cpu` in a copy of the project, to be changed."""
    for folder in ("containers", "tinybert"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(recipe, "ROOT", tmp_path)
    monkeypatch.setattr(recipe, "PIPELINE_DOCKERFILE", tmp_path / "containers" / "pipeline.Dockerfile")
    monkeypatch.setattr(catalog, "CONTAINERS", tmp_path / "containers")
    return find_image("torch-2-cpu")


def tags(image: Image, base: Base | None = None) -> tuple[str, str]:
    made = recipe.recipe(image, base or official_base(image))
    return made.environment_tag, made.tag


@pytest.mark.parametrize(
    ("file", "environment_too"),
    [
        ("containers/torch-2-cpu/Dockerfile", True),
        ("containers/torch-2-cpu/requirements.lock", True),
        ("containers/pipeline.Dockerfile", False),
        ("tinybert/training/losses.py", False),
        ("tinybert/contract/result.schema.json", False),
    ],
)
def test_what_it_is_made_of_changes_its_tag(image: Image, file: str, environment_too: bool) -> None:
    before = tags(image)
    with (recipe.ROOT / file).open("a") as changed:
        changed.write("\n")
    after = tags(image)
    assert after[1] != before[1]
    assert (after[0] != before[0]) == environment_too


@pytest.mark.parametrize(
    "file",
    ["containers/torch-2-cpu/requirements.in", "containers/oneflow-0.9.0-cpu/Dockerfile", "containers/images.yaml"],
)
def test_nothing_else_does(image: Image, file: str) -> None:
    before = tags(image)
    with (recipe.ROOT / file).open("a") as changed:
        changed.write("\n")
    assert tags(image) == before


def test_a_base_changes_its_tag_and_a_stand_in_never_passes_for_the_official_one(image: Image) -> None:
    official = official_base(image)
    local = Base("local/base:1", official.identity, is_local=True)
    other = Base(official.reference, "sha256:" + "1" * 64, is_local=False)
    assert len({tags(image, each) for each in (official, local, other)}) == 3


def test_a_tag_is_name_and_digits(image: Image) -> None:
    environment, tag = tags(image)
    assert environment.startswith("tinybench/torch-2-cpu-environment:") and tag.startswith("tinybench/torch-2-cpu:")
    assert len(tag.partition(":")[2]) == 12
