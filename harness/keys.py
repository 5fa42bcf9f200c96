"""A stage's key: a hash over everything that can change its result, and nothing else (docs/contract.md)."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from harness.paths import REQUIREMENTS, ROOT
from harness.resolve.engine import ENGINES
from harness.resolve.environment import lock_sha256

CONTRACT = 1
PIPELINE = "tinybert"
ENGINE_FREE = ("prepare",)
"""Stages whose result depends on no engine, container, device or seed: their keys leave these out, so all cells share them."""


@dataclass(frozen=True)
class Conditions:
    """Where a stage runs. `environment`: SHA-256 of what the engine's environment is made of, the requirement lock or,
    in a container (named by `container`), the image's recipe without the sources; `device_name`: the device's fingerprint.
    """

    engine: str
    environment: str
    device: str
    device_name: str
    threads: int
    seed: int
    container: str | None = None


def stage_key(
    stage: str, options: Mapping[str, Any], task: Mapping[str, Any], inputs: Mapping[str, str], conditions: Conditions
) -> str:
    """64 hex digits. `inputs`: for all that the stage reads, an earlier stage's key or a directory's content hash."""
    facts: dict[str, Any] = {
        "contract": CONTRACT,
        "stage": stage,
        "code": code_hash(stage, conditions.engine),
        "options": options,
        "task": task,
        "dev_sets": list(
            task.get("dev", ())
        ),  # their order, which the sorted keys below lose: the first one chooses checkpoints
        "inputs": inputs,
    }
    if stage in ENGINE_FREE:
        facts["lock"] = lock_sha256(REQUIREMENTS / "pipeline.txt")
    else:
        facts |= {
            "lock": conditions.environment,
            "container": conditions.container,
            "engine": conditions.engine,
            "device": conditions.device,
            "device_name": conditions.device_name,
            "threads": conditions.threads,
            "seed": conditions.seed,
        }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, allow_nan=False).encode()).hexdigest()


def file_sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def code_hash(stage: str, engine: str) -> str:
    """Hash of the sources that a stage reaches by import, read as data: the pipeline is never imported here."""
    left_out = (
        {f"{PIPELINE}.engine"}
        if stage in ENGINE_FREE
        else {f"{PIPELINE}.engine.{other}_engine" for other in ENGINES if other != engine}
    )
    digest = hashlib.sha256()
    for module in import_closure([f"{PIPELINE}.__main__", f"{PIPELINE}.stages.{stage}"], left_out):
        path = _source(module)
        assert path is not None
        digest.update(f"{path.relative_to(ROOT).as_posix()}\0{file_sha256(path)}\n".encode())
    return digest.hexdigest()


def import_closure(modules: Iterable[str], left_out: Iterable[str] = ()) -> list[str]:
    """What `modules` reach in the pipeline by import statements, sorted; not `left_out`, nor what only it reaches."""
    excluded = set(left_out)
    reached: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module in reached or module in excluded or _source(module) is None:
            continue
        reached.add(module)
        package = module.rpartition(".")[0]
        waiting += [*_imports(module), *([package] if package else [])]
    return sorted(reached)


def _source(module: str) -> Path | None:
    """The file of a module of the pipeline, or None where the name is something inside a module."""
    path = ROOT.joinpath(*module.split("."))
    for candidate in (path / "__init__.py", path.with_name(f"{path.name}.py")):
        if candidate.is_file():
            return candidate
    return None


@cache
def _imports(module: str) -> frozenset[str]:
    """Every name of the pipeline that a module's import statements can mean, at any depth of its source."""
    path = _source(module)
    assert path is not None
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes(), str(path))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            names.update([origin, *(f"{origin}.{alias.name}" for alias in node.names)])
    return frozenset(name for name in names if name == PIPELINE or name.startswith(f"{PIPELINE}."))
