"""The maintainers' side of `images.yaml`: resolve requirement locks, pin bases, and write down recipes."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import docker

from harness.container.build import Built, known
from harness.container.catalog import CATALOG, Image, load_images
from harness.container.docker_engine import explained, find
from harness.container.recipe import REQUIREMENTS, official_base, recipe
from harness.errors import InfrastructureError
from harness.keys import file_sha256
from harness.resolve.environment import Report
from harness.resolve.interpreter import find_python

_HEADER = "# Made by `tinybench images lock {name}` from requirements.in, for Python {python} on Linux x86_64: not to be edited.\n"
_TIMEOUT_S = 1800


def write_lock(image: Image, report: Report) -> None:
    """Resolve the image's requirements.in into requirements.lock, one wheel with its SHA-256 a line. Installs nothing."""
    report(f"{image.name}: resolving {image.folder / 'requirements.in'}")
    python = find_python(image.engine)
    command = [
        *(str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--dry-run"),
        *("--ignore-installed", "--only-binary=:all:", "--report", "-", "-r", str(image.folder / "requirements.in")),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    if done.returncode != 0:
        raise InfrastructureError(f"{image.name}: pip cannot resolve it: {done.stderr.strip().splitlines()[-1]}")
    resolved = json.loads(done.stdout)
    served = ".".join(resolved["environment"]["python_full_version"].split(".")[:2])
    if served != image.python:
        raise InfrastructureError(f"{image.name} wants Python {image.python} to be resolved, and {python} is {served}")
    lines = sorted(_line(each) for each in resolved["install"])
    text = _HEADER.format(name=image.name, python=image.python) + "".join(lines)
    (image.folder / REQUIREMENTS).write_text(text, encoding="utf-8")


def _line(package: Mapping[str, object]) -> str:
    metadata, download = package["metadata"], package["download_info"]
    assert isinstance(metadata, dict) and isinstance(download, dict)
    sha256 = download["archive_info"]["hashes"]["sha256"]
    return f"{metadata['name'].lower()}=={metadata['version']} --hash=sha256:{sha256}\n"


def write_hashes(client: docker.DockerClient | None) -> list[str]:
    """Bring `requirements`, `recipe` and, of images that are here, `built` in images.yaml up to date; whose entries changed."""
    found = {}
    for name, image in load_images().items():
        lock = image.folder / REQUIREMENTS
        requirements = file_sha256(lock) if lock.is_file() else "null"
        found[name] = {"requirements": requirements, "recipe": recipe(image, official_base(image)).environment}
        if client is not None and (built := known(client, image)) is not None:
            found[name]["built"] = _built(client, built)
    return _rewrite(found)


def _built(client: docker.DockerClient, built: Built) -> str:
    """The environment's image, which changes with its recipe alone; the sources' layer on top is made anew with every change."""
    environment = find(client, built.recipe.environment_tag)
    if environment is None:
        return "null"
    base = "local stand-in" if built.recipe.base.is_local else "official"
    return f"{{recipe: {built.recipe.environment}, image: {environment.id!r}, base: {base}, bytes: {environment.attrs['Size']}}}"


def registry_digest(client: docker.DockerClient, reference: str) -> str:
    """What the registry serves today under `repository:tag`, without pulling it. Raises InfrastructureError."""
    with explained(f"ask for the digest of {reference}"):
        return str(client.images.get_registry_data(reference).id)


def write_digest(image: Image, digest: str) -> list[str]:
    """Pin an image's base to `digest` in images.yaml and in its Dockerfile, whose default base it is."""
    dockerfile = image.folder / "Dockerfile"
    text = dockerfile.read_text(encoding="utf-8")
    dockerfile.write_text(text.replace(image.pinned_base, f"{image.base}@{digest}"), encoding="utf-8")
    changed = _rewrite({image.name: {"digest": digest}})
    load_images.cache_clear()
    return sorted({*changed, *write_hashes(client=None)})


def _rewrite(values: Mapping[str, Mapping[str, str]], path: Path = CATALOG) -> list[str]:
    """Replace single values in place: the file is kept by hand, with its comments."""
    image, changed, lines = "", [], []
    for line in path.read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"  ([\w.-]+):", line):
            image = heading[1]
        if entry := re.fullmatch(r"( {4,6})(\w+): (.*)", line):
            indent, key, old = entry.groups()
            new = values.get(image, {}).get(key, old)
            if new != old:
                changed.append(image)
            line = f"{indent}{key}: {new}"
        lines.append(line)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return sorted(set(changed))
