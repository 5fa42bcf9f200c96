"""A side of a comparison: one cell of one run, with what it ran under and what it found."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from harness.report.dev_sets import Score
from harness.report.facts import Cell
from harness.report.measured import Timing
from harness.site.conditions import container_of, data_of, device_of, engine_of
from harness.site.ranking import forward_timing
from harness.site.runs import SiteRun, site_run


@dataclass(frozen=True)
class Side:
    """`name`: the run, and the cell where the run has several. `home`: the way from the comparison to the run's folder."""

    run: SiteRun
    cell: Cell
    home: str

    @property
    def name(self) -> str:
        return self.run.name if len(self.run.cells) == 1 else f"{self.run.name}, {self.cell.name}"

    def link(self, file: str) -> str:
        return f"{self.home}/{file}"

    @property
    def data(self) -> str:
        return data_of(self.run)

    @property
    def rows(self) -> int | None:
        return self.cell.first_dev_set.rows if self.cell.first_dev_set else None

    @property
    def device(self) -> str:
        return device_of(self.cell) or "unknown"

    @property
    def machine(self) -> str:
        return str(self.run.record["host"]["hostname_hash"])

    @property
    def inputs(self) -> str:
        return self.cell.headline.inputs if self.cell.headline else ""

    @property
    def score(self) -> Score | None:
        """The student's, of the task's first metric on its first dev set."""
        return self.cell.score("student")

    @property
    def parameters(self) -> int | None:
        return self.cell.student.parameters["encoder"] if self.cell.student else None

    @property
    def dataset_pass(self) -> Timing | None:
        return self.cell.student.dataset_pass if self.cell.student else None

    @property
    def forward(self) -> Timing | None:
        return forward_timing(self.cell, self.cell.student)

    def conditions(self) -> dict[str, str]:
        """Everything that may explain a difference, in words."""
        record, git = self.run.record, self.run.record["git"]
        commit = f"{git['commit'][:12]}{' with changes' if git['dirty'] else ''}" if git["commit"] else "unknown"
        return {
            "task": str(record["task"]["name"]),
            "data": self.data,
            "dev rows": "unknown" if self.rows is None else f"{self.rows:,}",
            "suite": f"{record['suite']['name']} ({record['suite']['sha256'][:12]})",
            "profile": str(record["profile"]),
            "teacher weights": str(record["weights"]["name"]),
            "engine": engine_of(self.cell),
            "device": self.device,
            "container": container_of(self.cell),
            "image": str(self.cell.container["image_id"])[:19] if self.cell.container else "none",
            "augmentation": self.cell.augmentation,
            "seed": str(self.cell.seed),
            "machine": self.machine,
            "code": commit,
            "version": str(record["version"]),
        }


def sides(folders: Sequence[Path], to: Path) -> tuple[Side, ...]:
    """Every cell of the runs in `folders`, for a comparison in the folder `to`. Raises UsageError for a run that cannot be read."""
    found = []
    for folder in folders:
        run, home = site_run(folder), quote(os.path.relpath(folder.resolve(), to.resolve()))
        found += [Side(run, cell, home) for cell in run.cells]
    return tuple(found)
