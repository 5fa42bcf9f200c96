"""The lock of the images agrees with the files that it locks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from harness.container.catalog import CATALOG, Image, find_image, image_for, load_images
from harness.container.recipe import REQUIREMENTS, official_base, recipe
from harness.errors import UsageError
from harness.keys import file_sha256

IMAGES = list(load_images().values())
NAMES = [image.name for image in IMAGES]


def locked(image: Image) -> dict[str, str]:
    """Package -> version of a requirements.lock."""
    lines = (image.folder / REQUIREMENTS).read_text().splitlines()
    return dict(line.split(" ")[0].split("==") for line in lines if not line.startswith("#"))


@pytest.mark.parametrize("image", IMAGES, ids=NAMES)
def test_the_lock_is_up_to_date(image: Image) -> None:
    remedy = "run `tinybench images lock --hashes-only`"
    assert image.requirements == file_sha256(image.folder / REQUIREMENTS), remedy
    assert image.recipe == recipe(image, official_base(image)).environment, remedy


@pytest.mark.parametrize("image", IMAGES, ids=NAMES)
def test_the_dockerfile_names_the_locked_base_by_digest(image: Image) -> None:
    text = (image.folder / "Dockerfile").read_text()
    assert f"ARG BASE_IMAGE={image.pinned_base}\n" in text
    assert not re.search(r"^FROM (?!\$\{BASE_IMAGE\}|python)", text, re.M), "no base but the locked one"
    for of_buildkit in ("--mount", "--link", "# syntax", "<<"):
        assert of_buildkit not in text, "the classic builder knows nothing of it"


@pytest.mark.parametrize("image", IMAGES, ids=NAMES)
def test_every_requirement_has_a_version_and_a_hash(image: Image) -> None:
    lines = [line for line in (image.folder / REQUIREMENTS).read_text().splitlines() if not line.startswith("#")]
    assert lines and all(re.fullmatch(r"[a-z0-9._-]+==\S+ --hash=sha256:[0-9a-f]{64}", line) for line in lines)


@pytest.mark.parametrize("image", IMAGES, ids=NAMES)
def test_the_versions_are_those_of_the_lock(image: Image) -> None:
    versions = locked(image)
    assert versions[image.engine].partition("+")[0] == image.engine_version
    cudnn = versions.get("nvidia-cudnn-cu11") or versions.get("nvidia-cudnn-cu13")
    assert image.cudnn == (None if cudnn is None else ".".join(cudnn.split(".")[:3]))
    if image.engine == "torch":
        assert ("+cpu" in versions["torch"]) == (image.device == "cpu")


def test_an_engine_has_the_same_packages_on_either_device() -> None:
    cpu, cuda = (locked(image_for("oneflow", device)) for device in ("cpu", "cuda"))
    assert cpu == cuda
    cpu, cuda = (locked(image_for("torch", device)) for device in ("cpu", "cuda"))
    assert {name: cuda.get(name) for name in cpu if name != "torch"} == {
        name: version for name, version in cpu.items() if name != "torch"
    }


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(
        UsageError, match=r"unknown container 'torch-cpu' \(did you mean 'torch-2-cpu'\?\); known: .*local"
    ):
        find_image("torch-cpu")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("device: cpu", "device: gpu", "device"),
        ("digest: sha256:", "digest: sha265:", "digest"),
        ("stand_in: ubuntu-jammy-python3.10", "stand_in: ubuntu", "unknown stand-in 'ubuntu'"),
        ("  torch-2-cpu:", "  torch-2-gpu:", "torch-2-gpu is missing"),
    ],
)
def test_faults_of_the_catalogue_name_their_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, message: str
) -> None:
    text = CATALOG.read_text().replace(old, new, 1)
    broken = tmp_path / "images.yaml"
    broken.write_text(text)
    monkeypatch.setattr("harness.container.catalog.CATALOG", broken)
    load_images.cache_clear()
    try:
        with pytest.raises(UsageError, match=rf"images\.yaml:\d+: .*{message}"):
            load_images()
    finally:
        load_images.cache_clear()


def test_every_folder_is_in_the_catalogue() -> None:
    folders = {path.parent.name for path in CATALOG.parent.glob("*/Dockerfile")}
    assert folders == set(yaml.safe_load(CATALOG.read_text())["images"])
