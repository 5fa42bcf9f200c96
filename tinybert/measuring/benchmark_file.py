"""pytest-benchmark's own file, for the whole stage: `pytest-benchmark compare` reads it beside any other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pytest_benchmark.stats import Stats

from tinybert.measuring.round import BENCHMARK


def merged(folder: Path) -> dict[str, Any]:
    """The processes' files below `folder` as one: a benchmark of each name, over the samples of all its rounds (last attempt).

    Processes are told apart by their folders, `ATTEMPT-ROUND-SUBJECT`.
    """
    files = {
        path.parent.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob(f"*/{BENCHMARK}"))
    }
    latest: dict[str, tuple[str, list[dict[str, Any]]]] = {}
    for name, content in files.items():
        attempt, _, subject = name.split("-", 2)
        for benchmark in content["benchmarks"]:
            full_name = f"{subject}-{benchmark['extra_info']['cell']}"
            known = latest.get(full_name)
            latest[full_name] = (attempt, [*known[1], benchmark] if known and known[0] == attempt else [benchmark])
    benchmarks = [_merge(name, rounds) for name, (_, rounds) in latest.items()]
    shell = next(iter(files.values()), {"machine_info": {}, "commit_info": {}, "datetime": "", "version": ""})
    return shell | {"benchmarks": benchmarks}


def _merge(name: str, rounds: list[dict[str, Any]]) -> dict[str, Any]:
    stats: Any = Stats()  # type: ignore[no-untyped-call]
    for each in rounds:
        for seconds in each["stats"]["data"]:
            stats.update(seconds)
    names = {"name": f"forward[{name}]", "fullname": f"tinybert/measuring/forward.py::forward[{name}]", "param": name}
    return {**rounds[0], **names, "stats": {**stats.as_dict(), "data": stats.data, "iterations": 1}}
