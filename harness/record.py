"""A run's record: what was found and with what provenance. Written once, by atomic rename, and never changed."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import platform
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import harness
from harness.checkout import git
from harness.errors import HarnessError, UsageError
from harness.paths import ROOT
from harness.plan import CellPlan, StagePlan
from harness.resolve.found import Found

if TYPE_CHECKING:
    from harness.job import Job, Setting  # brings the Docker SDK along, which reading a record does not need
    from harness.request import Request

RECORD = "record.json"
RECORD_VERSION = 1

StageOutcome = tuple[StagePlan, dict[str, Any], bool]
"""A finished stage: its plan, its result, and whether the result came from the cache."""


@dataclass(frozen=True)
class CellOutcome:
    """A cell with its finished stages; `failure` is what ended it before the last of them."""

    plan: CellPlan
    setting: Setting
    stages: Sequence[StageOutcome]
    failure: HarnessError | None


def build(run_id: str, request: Request, job: Job, cells: Sequence[CellOutcome]) -> dict[str, Any]:
    """The record of a finished run as docs/contract.md defines it, its `claims` still empty."""
    return {
        "record": RECORD_VERSION,
        "run_id": run_id,
        "created_at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "command": request.command(),
        "version": harness.__version__,
        "git": git(),
        "host": host(),
        "suite": {"name": job.suite.name, "file": _below_root(job.suite.path), "sha256": job.suite.sha256},
        "profile": job.profile.name,
        "strict": request.strict,
        "task": job.suite.task.contract(),
        "data": {
            "kind": job.data.kind,
            "name": job.data.name,
            "origin": job.data.origin,
            "path": None if job.data.path is None else str(job.data.path),
            "verified": job.data.verified,
            "files": _files(job.data.own) | _files(job.data.diagnostic),
        },
        "weights": {"kind": job.teacher.kind, "name": job.teacher.name, "sha256": job.teacher.sha256},
        "resolved": [asdict(resolution) for resolution in job.resolutions],
        "cells": [_cell(cell) for cell in cells],
        "claims": [],
    }


def write(run_dir: Path, record: dict[str, Any]) -> Path:
    path = run_dir / RECORD
    write_atomically(path, json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    return path


def read(run_dir: Path) -> dict[str, Any]:
    """The record of an earlier run. Raises UsageError when there is none that this version can read."""
    path = run_dir / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(f"{run_dir} holds no {RECORD}: `tinybench list` shows the finished runs") from error
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {path}: {error}") from error
    if not isinstance(record, dict) or record.get("record") != RECORD_VERSION:
        raise UsageError(f"{path} is not a record of version {RECORD_VERSION}")
    return record


def write_atomically(path: Path, text: str) -> None:
    """A reader sees the old file or the whole new one; after a full disk, the old one and no remains."""
    temporary = path.with_name(f".{path.name}.partial")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def host() -> dict[str, Any]:
    """What the numbers were measured on. The host's name is kept as a hash: enough to tell two machines apart."""
    import psutil

    from harness.resolve.device import cpu, visible_gpus

    try:
        system = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        system = platform.platform()
    return {
        "hostname_hash": hashlib.sha256(socket.gethostname().encode()).hexdigest()[:12],
        "os": system,
        "cpu": cpu().name,
        "cores": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "gpus": [gpu.name for gpu in visible_gpus()],
    }


def _files(found: Found | None) -> dict[str, Any]:
    """Facts by file name; `checksum`: how the file's stands to the published one."""
    if found is None:
        return {}
    return {name: asdict(fact) | {"checksum": found.standings[name]} for name, fact in found.files.items()}


def _cell(cell: CellOutcome) -> dict[str, Any]:
    conditions = cell.plan.conditions
    return {
        "name": cell.plan.name,
        "engine": conditions.engine,
        "device": conditions.device,
        "seed": conditions.seed,
        "container": None if cell.setting.built is None else cell.setting.built.facts,
        "stages_planned": [plan.stage for plan in cell.plan.stages],
        "status": "ok" if cell.failure is None else "failed",
        "message": None if cell.failure is None else cell.failure.message,
        "stages": [
            {
                "stage": plan.stage,
                "key": plan.entry.key,
                "cached": cached,
                "seconds": result["seconds"],
                "spec": plan.spec,
                "result": result,
            }
            for plan, result, cached in cell.stages
        ],
    }


def _below_root(path: Path) -> str:
    resolved = path.resolve()
    return str(resolved.relative_to(ROOT)) if resolved.is_relative_to(ROOT) else str(resolved)
