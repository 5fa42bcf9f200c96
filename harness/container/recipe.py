"""The recipe: hashes over everything that an image is made of. An image is rebuilt when they change and never otherwise."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.container.catalog import Image
from harness.keys import file_sha256
from harness.paths import CONTAINERS, ROOT

PIPELINE_DOCKERFILE = CONTAINERS / "pipeline.Dockerfile"
REQUIREMENTS = "requirements.lock"
REPOSITORY = "tinybench"
"""Images are `tinybench/<name>:<12 digits of the recipe>`, their environments `tinybench/<name>-environment:<12 digits>`."""
TAG_DIGITS = 12


@dataclass(frozen=True)
class Base:
    """What an image is built on. `identity` names its contents: the official digest, or a hash of the stand-in's layers."""

    reference: str
    identity: str
    is_local: bool


@dataclass(frozen=True)
class Recipe:
    """`environment`: SHA-256 over Dockerfile, lock, build arguments and base; `whole`: over that and the copied sources."""

    image: Image
    base: Base
    environment: str
    whole: str

    @property
    def environment_tag(self) -> str:
        return f"{REPOSITORY}/{self.image.name}-environment:{self.environment[:TAG_DIGITS]}"

    @property
    def tag(self) -> str:
        return f"{REPOSITORY}/{self.image.name}:{self.whole[:TAG_DIGITS]}"


def official_base(image: Image) -> Base:
    return Base(image.pinned_base, image.digest, is_local=False)


def recipe(image: Image, base: Base) -> Recipe:
    files = [image.folder / "Dockerfile", image.folder / REQUIREMENTS]
    arguments = f"BASE_IMAGE={'local' if base.is_local else 'official'} {base.identity}"
    environment = _hash(files, arguments)
    whole = _hash([PIPELINE_DOCKERFILE, *pipeline_sources()], environment)
    return Recipe(image, base, environment, whole)


def pipeline_sources() -> list[Path]:
    """What is copied into the image: the pipeline's code and its contract."""
    return sorted(
        path for suffix in ("*.py", "*.json", "*.yaml") for path in (ROOT / "tinybert").rglob(suffix) if path.is_file()
    )


def _hash(files: Iterable[Path], words: str) -> str:
    digest = hashlib.sha256(f"{words}\n".encode())
    for path in files:
        found = file_sha256(path) if path.is_file() else "none"
        digest.update(f"{path.relative_to(ROOT).as_posix()}\0{found}\n".encode())
    return digest.hexdigest()
