"""Making a finished run one of the published ones: its record without this machine's folders, and the reports drawn from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from harness import record as records
from harness.errors import InfrastructureError, UsageError
from harness.paths import PUBLISHED
from harness.report import ReportPaths, render

DATA_ROOT, RUNS, ELSEWHERE = "~/glue", "runs", "…"
"""What stands for the reader's own folders: of the data, of the runs, and any other."""


def adopt(run_dir: Path, published: Path = PUBLISHED) -> ReportPaths:
    """Write `published`/RUN: `record.json` and its reports.

    Raises UsageError for a run of a working tree with changes that no commit holds, which nobody could repeat, and for one that is there
    already; InfrastructureError where the folder cannot be written.
    """
    record = records.read(run_dir)
    if record["git"]["dirty"] or not record["git"]["commit"]:
        raise UsageError(f"{run_dir.name} ran from files that no commit holds: commit them and run it again")
    folder = published / str(record["run_id"])
    if folder.exists():
        raise UsageError(f"{folder} is there already: remove it to adopt the run again")
    record = without_folders(record)
    try:
        folder.mkdir(parents=True)
        records.write(folder, record)
    except OSError as error:
        raise InfrastructureError(f"cannot write {folder}: {error.strerror}") from error
    return render(record, folder)


def without_folders(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record with the folders of the machine replaced, in every text: nothing else is changed."""
    folders = dict(_folders(record))

    def replaced(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: replaced(each) for name, each in value.items()}
        if isinstance(value, list):
            return [replaced(each) for each in value]
        if isinstance(value, str):
            for folder in sorted(folders, key=len, reverse=True):
                value = value.replace(folder, folders[folder])
        return value

    found: dict[str, Any] = replaced(record)
    return found


def _folders(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each folder that the record names, and what stands for it."""
    if record["data"]["path"]:
        yield str(PurePosixPath(record["data"]["path"]).parent), DATA_ROOT
    for cell in record["cells"]:
        for stage in cell["stages"]:
            for path in map(PurePosixPath, stage["spec"]["inputs"].values()):
                if path.parent.name == "stages":
                    yield str(path.parent.parent), RUNS
                elif str(path.parent) != str(PurePosixPath(record["data"]["path"] or "/").parent):
                    yield str(path.parent), ELSEWHERE
