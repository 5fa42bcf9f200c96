"""`containers/images.yaml`: the images by name, with the base, versions and locks that each is made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.paths import CONTAINERS
from harness.schema_check import nearest, validator, violations
from harness.yaml_file import load_yaml

CATALOG = CONTAINERS / "images.yaml"

_TEXT = {"type": "string", "minLength": 1}
_LIST = {"type": "array", "items": _TEXT, "minItems": 1}
_VERSION = {"type": ["string", "null"], "pattern": r"^\d+(\.\d+)+$"}
_DIGEST = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
_SHA256 = {"type": ["string", "null"], "pattern": "^[0-9a-f]{64}$"}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": list(properties), "properties": properties}


_SCHEMA = _object(
    {
        "stand_ins": {
            "type": "object",
            "additionalProperties": _object(
                {
                    "suite": _TEXT,
                    "components": _LIST,
                    "keyring": {"type": ["string", "null"]},
                    "packages": _LIST,
                }
            ),
        },
        "images": {
            "type": "object",
            "additionalProperties": _object(
                {
                    "engine": {"enum": ["oneflow", "torch"]},
                    "engine_version": _TEXT,
                    "device": {"enum": ["cpu", "cuda"]},
                    "python": _VERSION,
                    "cuda": _VERSION,
                    "cudnn": _VERSION,
                    "base": _object({"reference": _TEXT, "digest": _DIGEST, "stand_in": _TEXT}),
                    "requirements": _SHA256,
                    "recipe": _SHA256,
                    "built": {"type": ["object", "null"]},
                }
            ),
        },
    }
)


@dataclass(frozen=True)
class StandIn:
    """What takes a base's place where no registry answers: a Debian or Ubuntu release with Python, made by mmdebstrap.

    `keyring` holds the release's signing key; None where the host's own keyrings serve.
    """

    name: str
    suite: str
    components: tuple[str, ...]
    keyring: Path | None
    packages: tuple[str, ...]


@dataclass(frozen=True)
class Image:
    """One image of the catalogue. `base` is `repository:tag`, `digest` what its contents must hash to."""

    name: str
    engine: str
    engine_version: str
    device: str
    python: str
    cuda: str | None
    cudnn: str | None
    base: str
    digest: str
    stand_in: StandIn
    requirements: str | None
    recipe: str | None

    @property
    def folder(self) -> Path:
        return CONTAINERS / self.name

    @property
    def pinned_base(self) -> str:
        return f"{self.base}@{self.digest}"


def find_image(name: str) -> Image:
    """Raises UsageError with the nearest name."""
    known = load_images()
    if name not in known:
        raise UsageError(f"unknown container {name!r}{nearest(name, known)}; known: {', '.join(known)}, local")
    return known[name]


def image_for(engine: str, device: str) -> Image:
    """The catalogue's first image of an engine on a device."""
    return next(each for each in load_images().values() if (each.engine, each.device) == (engine, device))


@cache
def load_images() -> dict[str, Image]:
    """The catalogue. Raises UsageError with one line for every fault in the file."""
    file = load_yaml(CATALOG)
    problems = [*file.problems, *violations(validator(_SCHEMA), file, (), file.value)]
    if not problems:
        stand_ins, images = file.value["stand_ins"], file.value["images"]
        problems += [
            f"{file.at(('images', name, 'base', 'stand_in'))}: unknown stand-in {entry['base']['stand_in']!r}"
            for name, entry in images.items()
            if entry["base"]["stand_in"] not in stand_ins
        ]
        problems += [
            f"{file.at(('images', name))}: {CONTAINERS / name} is missing"
            for name in images
            if not (CONTAINERS / name / "Dockerfile").is_file()
        ]
    if problems:
        raise UsageError("\n".join(problems))
    return {name: _image(name, entry, stand_ins) for name, entry in images.items()}


def load_stand_ins() -> dict[str, StandIn]:
    return {image.stand_in.name: image.stand_in for image in load_images().values()}


def _image(name: str, entry: dict[str, Any], stand_ins: dict[str, Any]) -> Image:
    base = entry["base"]
    own = {key: entry[key] for key in entry if key not in ("base", "built")}
    chosen = stand_ins[base["stand_in"]]
    keyring = CONTAINERS / chosen["keyring"] if chosen["keyring"] else None
    stand_in = StandIn(
        base["stand_in"], chosen["suite"], tuple(chosen["components"]), keyring, tuple(chosen["packages"])
    )
    return Image(name=name, base=base["reference"], digest=base["digest"], stand_in=stand_in, **own)
