"""A run, from what was asked for to the report: the story that the command line tells."""

from __future__ import annotations

import contextlib
import datetime
import errno
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from harness import record as records
from harness.console import (
    download_display,
    narration,
    print_plan,
    print_resolutions,
    print_stage_end,
    stage_display,
)
from harness.container.docker_engine import connect
from harness.errors import ExitCode, HarnessError, InfrastructureError
from harness.executor.base import Executor, StageCommand
from harness.executor.docker import DockerExecutor, sweep
from harness.executor.isolation import limits
from harness.executor.local import LocalExecutor
from harness.job import Setting, resolve
from harness.plan import CellPlan, StagePlan
from harness.record import CellOutcome, StageOutcome
from harness.request import Request
from harness.resolve.environment import ensure_environment

LATEST = "latest"
STOPPED = 128
"""Exit codes from here on are the user's stop, by a signal."""
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
DISK_FAULTS = (
    *NO_SPACE,
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOTDIR,
    errno.EEXIST,
    errno.ENAMETOOLONG,
    errno.EIO,
)


@dataclass(frozen=True)
class RunEnd:
    """How a run ended: its folder and record, None where no cell came to its end, and the error that is to be told."""

    folder: Path | None
    record: dict[str, Any] | None
    failure: HarnessError | None

    @property
    def exit_code(self) -> int:
        return ExitCode.DONE if self.failure is None else self.failure.exit_code


def run(request: Request, console: Console) -> RunEnd:
    """Run what was asked for. Raises HarnessError where it cannot begin, and at a stop; what is finished is in the cache.

    A cell that fails does not keep the others from running: the record and the report say what failed, and the first failure is
    the run's. Where all cells fail there is nothing to record; a stop ends the run at once.
    """
    with download_display(console) as progress, narration(console) as building:
        job = resolve(request, progress, building)
    print_resolutions(console, job.resolutions)
    with _disk_faults(request.runs):
        folder = _create_run_folder(request.runs, job.suite.name)
        cells = [
            _run_cell(cell, setting, folder, request, console)
            for cell, setting in zip(job.cells, job.settings, strict=True)
        ]
        failures = [cell.failure for cell in cells if cell.failure is not None]
        if len(failures) == len(cells):
            return RunEnd(None, None, failures[0])
        record = records.build(folder.run_id, request, job, cells)
        publish(folder.path, record, console)
        _point_latest_at(folder.path)
    return RunEnd(folder.path, record, failures[0] if failures else None)


def show_plan(request: Request, console: Console) -> RunEnd:
    """Show what `run` would do. Builds no image. Raises HarnessError where it could not begin."""
    with download_display(console) as progress:
        job = resolve(request, progress, build=None)
    print_resolutions(console, job.resolutions)
    console.print()
    print_plan(console, job.cells)
    return RunEnd(None, None, None)


def publish(run_dir: Path, record: dict[str, Any], console: Console) -> None:
    """Judge the claims, write the record and its report, and show them."""
    from harness.report import judge, render, result_table

    record["claims"] = judge(record)
    path = records.write(run_dir, record)
    report = render(record, run_dir)
    console.print(result_table(record))
    for each in (report.html, report.markdown, report.sheet, path):
        console.print(str(each), markup=False, soft_wrap=True)


@dataclass(frozen=True)
class RunFolder:
    """`runs/<run-id>/`: record and report, and below it each stage's spec and log."""

    run_id: str
    path: Path

    def file(self, kind: str, cell: CellPlan, name: str) -> Path:
        path = self.path / kind / cell.name / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _run_cell(cell: CellPlan, setting: Setting, folder: RunFolder, request: Request, console: Console) -> CellOutcome:
    stages: list[StageOutcome] = []
    try:
        for outcome in _run_stages(cell, setting, folder, request, console):
            stages.append(outcome)
    except HarnessError as error:
        if error.exit_code >= STOPPED:
            raise
        return CellOutcome(cell, setting, stages, error)
    return CellOutcome(cell, setting, stages, None)


def _run_stages(
    cell: CellPlan, setting: Setting, folder: RunFolder, request: Request, console: Console
) -> Iterator[StageOutcome]:
    """Every stage in its order, from the cache where it is there."""
    executor: Executor | None = None
    for plan in cell.stages:
        label = f"{cell.name} {plan.stage}"
        spec = folder.file("specs", cell, f"{plan.stage}.json")
        records.write_atomically(spec, json.dumps(plan.spec, indent=1, ensure_ascii=False) + "\n")
        result = plan.entry.result()
        cached = result is not None
        if result is None:
            executor = executor or _executor(setting, request, console)
            command = StageCommand(
                plan.stage,
                spec,
                tuple(Path(path) for path in plan.spec["inputs"].values()),
                plan.entry.directory,
                folder.file("logs", cell, f"{plan.stage}.log"),
            )
            result, cached = _run_stage(executor, command, plan, label, request.stage_timeout_s, console)
        print_stage_end(console, label, result, cached)
        yield plan, result, cached


def _executor(setting: Setting, request: Request, console: Console) -> Executor:
    """What runs the cell's stages, made when the first of them has to run: a run from the cache needs none."""
    engine, built = setting.place.engine, setting.built
    if built is None:
        with narration(console) as report:
            return LocalExecutor(ensure_environment(engine.engine, report, engine.device).python)
    client = connect()
    for stage in sweep(client):
        console.print(f"removed the container that a killed harness left at the stage {stage}", markup=False)
    return DockerExecutor(
        client, built.recipe.image.name, built.image_id, limits(request.memory_bytes, engine.gpu_uuid)
    )


def _run_stage(
    executor: Executor, command: StageCommand, plan: StagePlan, label: str, timeout_s: float | None, console: Console
) -> tuple[dict[str, Any], bool]:
    """The stage's result, and whether another harness had it ready by the time this one could begin."""

    def on_wait() -> None:
        console.print(f"{label}: another run is at work on this stage: waiting for it", markup=False, soft_wrap=True)

    with plan.entry.lock(on_wait):
        if (result := plan.entry.result()) is not None:
            return result, True
        if note := plan.entry.set_aside_if_broken():
            console.print(f"{label}: {note}", markup=False, soft_wrap=True)
        plan.entry.directory.mkdir(parents=True, exist_ok=True)
        with stage_display(console, label) as display:
            exit_ = executor.run(command, display.on_event, timeout_s)
        if exit_.code != ExitCode.DONE:
            raise HarnessError(exit_.message, exit_.code)
        result = plan.entry.result()
        if result is None:
            fault = plan.entry.fault()
            raise InfrastructureError(f"the stage {plan.stage} ended well, but {fault}; log: {command.log}")
        return result, False


def _create_run_folder(runs: Path, suite: str) -> RunFolder:
    now = datetime.datetime.now(datetime.timezone.utc)
    run_id = f"{now:%Y%m%d-%H%M%S}-{suite}-{secrets.token_hex(3)}"
    path = runs.resolve() / run_id
    path.mkdir(parents=True)
    return RunFolder(run_id, path)


def _point_latest_at(run_dir: Path) -> None:
    temporary = run_dir.with_name(f".{LATEST}-{run_dir.name}")
    temporary.symlink_to(run_dir.name)
    temporary.replace(run_dir.with_name(LATEST))


@contextlib.contextmanager
def _disk_faults(runs: Path) -> Iterator[None]:
    """A full or unwritable disk is the machine's fault, told in one line."""
    try:
        yield
    except OSError as error:
        if error.errno not in DISK_FAULTS:
            raise
        if error.errno in NO_SPACE:
            raise InfrastructureError(
                f"no space left for {runs}: free some and run again (what is finished is kept)"
            ) from error
        reason = error.strerror or os.strerror(error.errno or 0)
        raise InfrastructureError(
            f"cannot write to {error.filename or runs}: {reason}; choose another folder with RUNS="
        ) from error
