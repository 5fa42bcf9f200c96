"""What must be the same before two results may stand in one ranking or on one line of a trend."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from harness.report.facts import Cell, data_name
from harness.site.runs import SiteRun
from harness.stages import STAGES


@dataclass(frozen=True, order=True)
class Conditions:
    """`data` names the rows (other files than the published ones by their content), `dev_rows` how many were judged.

    `device` names the hardware with its threads, `inputs` the forward workload whose time counts; both empty where nothing was measured.
    """

    subject: str
    data: str
    dev_rows: int
    profile: str
    device: str
    inputs: str

    @property
    def name(self) -> str:
        parts = (
            self.data,
            f"{self.dev_rows:,} dev rows" if self.dev_rows else "",
            f"{self.profile} profile",
            self.device or "unknown device",
            self.inputs or "no forward time",
        )
        return "; ".join(part for part in parts if part)


def conditions(run: SiteRun, cell: Cell) -> Conditions:
    return Conditions(
        subject=run.subject,
        data=data_of(run),
        dev_rows=cell.first_dev_set.rows if cell.first_dev_set else 0,
        profile=str(run.record["profile"]),
        device=device_of(cell),
        inputs=cell.headline.inputs if cell.headline else "",
    )


def data_of(run: SiteRun) -> str:
    """Files that are not verified are told apart by what they hold."""
    data = run.record["data"]
    if data["kind"] == "sample" or data["verified"]:
        return data_name(run.record)
    content = json.dumps({name: file.get("sha256") for name, file in data["files"].items()}, sort_keys=True)
    return f"{data_name(run.record)} {hashlib.sha256(content.encode()).hexdigest()[:8]}"


def device_of(cell: Cell) -> str:
    """`cpu: AMD EPYC (2 threads), 2 threads used`: threads change a CPU's times as much as another CPU would."""
    environment = environment_of(cell)
    if not environment:
        return ""
    threads = f", {environment['threads']} threads used" if environment["device"] == "cpu" else ""
    return f"{environment['device']}: {environment['device_name']}{threads}"


def environment_of(cell: Cell) -> dict[str, object]:
    """Of the last stage that says what it ran in, which is where the times come from."""
    return dict(next((found for stage in reversed(STAGES) if (found := cell.environment(stage))), {}))


def engine_of(cell: Cell) -> str:
    """`torch 2.13.0+cpu`."""
    return f"{cell.engine} {environment_of(cell).get('engine_version', '')}".strip()


def augmented(cell: Cell) -> str:
    """`, augmented (published)` where it is, to end a name."""
    return f", augmented ({cell.augmentation})" if cell.is_augmented else ""


def container_of(cell: Cell) -> str:
    return str(cell.container["name"]) if cell.container else "none"
