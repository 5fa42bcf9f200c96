"""Folders of finished runs, from the report's made-up records."""

from __future__ import annotations

import copy
import json
from pathlib import Path

from tests.harness.report import measurements, records
from tests.harness.report.records import Json

CASES = (
    "two_engines",
    "embedded_sample",
    "published",
    "broken",
    "geometry",
    "unstable",
    "seeds",
    "cola",
    "mnli",
    "sts_b",
)


def write(runs: Path, *made: Json) -> Path:
    """Each record into a folder named after its run."""
    for record in made:
        folder = runs / record["run_id"]
        folder.mkdir(parents=True)
        (folder / "record.json").write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
    return runs


def run(case: str, day: int = 22) -> Json:
    """A made-up record with an id, a time and stages of its own."""
    made: Json = getattr(records, case)()
    for cell in made["cells"]:
        for entry in cell["stages"]:
            entry["key"] = records.digest(f"{entry['key']} {case} {day}")
    return made | {
        "run_id": f"202611{day:02}-213000-{case.replace('_', '-')}",
        "created_at": f"2026-11-{day:02}T21:30:00+00:00",
    }


def every_case() -> list[Json]:
    return [run(case, day) for day, case in enumerate(CASES, start=1)]


def slower(record: Json, factor: float) -> Json:
    """The same run with every student's forward time multiplied."""
    made = copy.deepcopy(record)
    for cell in made["cells"]:
        details = records.measured(cell)
        for each in details["forward"]:
            timing = each["timing"]
            if each["model"] == "student":
                timing["median"] *= factor
                timing["interval"] = [factor * end for end in timing["interval"]]
        measurements.compare(details)
    return made
