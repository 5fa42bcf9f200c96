"""The site as data: `site.json`, its runs and pages; `leaderboard.csv`, a line for each model of each cell that has a score."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.record import RECORD
from harness.report import HTML, MARKDOWN, SHEET
from harness.report.sheet import comma_separated, ends
from harness.site import parts
from harness.site.conditions import container_of, data_of
from harness.site.ranking import Entry, Ranking
from harness.site.runs import LeftOut, SiteRun

SITE_VERSION = 1
COLUMNS = (
    "ranking", "task", "data", "dev_rows", "profile", "device", "inputs", "place", "on_front", "run", "cell", "engine", "container", "seed",
    "model", "metric", "score", "score_low", "score_high",
    "forward_ms", "forward_low", "forward_high", "parameters", "why_unranked", "record",
)  # fmt: skip
"""`score` and its ends as shares or coefficients; a time that does not count is left empty, and `why_unranked` says why."""


def leaderboard_csv(rankings: Sequence[Ranking]) -> str:
    lines = (line for number, ranking in enumerate(rankings, start=1) for line in _lines(number, ranking))
    return comma_separated(COLUMNS, (tuple(map(rounded, line)) for line in lines))


def rounded(value: Any) -> Any:
    """Numbers to eight digits, more than any measurement has; the records hold them whole."""
    return float(f"{value:.8g}") if isinstance(value, float) else value


def _lines(number: int, ranking: Ranking) -> Iterator[tuple[str | float | int | None, ...]]:
    places = [(each.number, "yes" if each.on_front else "no", each.entry) for each in ranking.placed]
    for place, on_front, entry in [*places, *((None, "", each) for each in ranking.unranked)]:
        where, timing = entry.conditions, entry.timing if entry.timing and entry.timing.valid else None
        yield (
            number, where.subject, where.data, where.dev_rows, where.profile, where.device, where.inputs, place, on_front,
            entry.run.name, entry.cell.name, entry.cell.engine, container_of(entry.cell), entry.cell.seed, entry.model, entry.metric.name,
            entry.score.value, *ends(entry.score.interval), timing.median if timing else None, *ends(timing.interval if timing else None),
            entry.parameters, entry.why_unranked(), entry.run.link(RECORD),
        )  # fmt: skip


def site_json(
    by_subject: Mapping[str, Sequence[SiteRun]], rankings: Sequence[Ranking], left_out: Sequence[LeftOut]
) -> str:
    made = {
        "site": SITE_VERSION,
        "tasks": [
            {"task": subject, "page": parts.task_page(subject), "runs": [_run(run) for run in runs]}
            for subject, runs in by_subject.items()
        ],
        "rankings": [
            {
                "conditions": vars(ranking.conditions),
                "metric": ranking.metric.name,
                "placed": [
                    _entry(each.entry)
                    | {"place": each.number, "on_front": each.on_front, "forward_ms": rounded(each.milliseconds)}
                    for each in ranking.placed
                ],
                "unranked": [_entry(each) | {"why": each.why_unranked()} for each in ranking.unranked],
            }
            for ranking in rankings
        ],
        "left_out": [vars(each) for each in left_out],
    }
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def _run(run: SiteRun) -> dict[str, Any]:
    return {
        "run": run.name,
        "created_at": run.created.isoformat(timespec="seconds"),
        "profile": run.record["profile"],
        "data": data_of(run),
        "verified": run.record["data"]["verified"],
        "cells": [
            {
                "cell": cell.name,
                "engine": cell.engine,
                "device": cell.device,
                "container": container_of(cell),
                "seed": cell.seed,
                "status": cell.status,
            }
            for cell in run.cells
        ],
        "files": {file: run.link(file) for file in (HTML, MARKDOWN, SHEET, RECORD)},
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "run": entry.run.name,
        "cell": entry.cell.name,
        "model": entry.model,
        "score": rounded(entry.score.value),
        "interval": [rounded(end) for end in ends(entry.score.interval)] if entry.score.interval else None,
        "parameters": entry.parameters,
        "record": entry.run.link(RECORD),
    }
