"""Where the numbers come from: commit, machine, data, weights, versions, stages; and how to get them again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.report import figures
from harness.report.document import Block, Commands, Group, Notice, Paragraph, Section, Span, Table, Text, code, noted, plain
from harness.report.facts import STAGES, Cell, cells, data_name

Record = Mapping[str, Any]
# As many hex digits as tell keys and commits of one project apart.
SHORT = 12


def provenance(record: Record) -> Section:
    return Section(
        "provenance",
        "Provenance",
        (_run(record), _inputs(record), _environments(record), _stages(record)),
    )


def commands(record: Record) -> Section:
    git = record["git"]
    blocks: list[Block] = [Paragraph(plain("In a clone of the project, with the same inputs within reach:"))]
    blocks.append(Commands((f"git checkout {git['commit']}", record["command"])))
    if git["dirty"]:
        blocks.append(Notice(plain("The working tree had changes that no commit holds: the commit alone does not give these numbers again.")))
    blocks.append(Paragraph((Span("Every number above, and the raw samples, stand in "), Span("record.json", "code"), Span(" beside this report."))))
    return Section("reproduce", "Commands to reproduce", tuple(blocks))


def _run(record: Record) -> Table:
    git, host, suite = record["git"], record["host"], record["suite"]
    commit = f"{git['commit']}, {'with uncommitted changes' if git['dirty'] else 'clean'}"
    gpus = ", ".join(_gpu(gpu) for gpu in host["gpus"]) or "none"
    machine = f"{host['os']}; {host['cpu']}, {host['cores']} cores, {host['memory_bytes'] / 2**30:.1f} GiB; GPU: {gpus}"
    rows: list[tuple[str, Text]] = [
        ("run", code(record["run_id"])),
        ("created", plain(record["created_at"])),
        ("version", plain(record["version"])),
        ("commit", plain(commit)),
        ("suite", (Span(suite["file"], "code"), Span(f"sha256 {suite['sha256']}", "note"))),
        ("profile", plain(f"{record['profile']}{', strict' if record['strict'] else ''}")),
        ("machine", plain(machine)),
    ]
    return _facts("The run", rows)


def _gpu(gpu: Any) -> str:
    return str(gpu["name"]) if isinstance(gpu, Mapping) and "name" in gpu else str(gpu)


def _inputs(record: Record) -> Table:
    data, weights = record["data"], record["weights"]
    rows: list[tuple[str, Text]] = [("data", noted(data_name(record), f"{data['kind']}, from {data['origin']}"))]
    rows += [
        (name, (Span(f"sha256 {file['sha256']}", "code"), Span(f"{figures.count(file['bytes'])} bytes", "note")))
        for name, file in data["files"].items()
    ]
    rows.append(("teacher weights", noted(f"{weights['name']} ({weights['kind']})", f"sha256 {weights['sha256']}")))
    return _facts("Inputs", rows)


def _facts(caption: str, rows: list[tuple[str, Text]]) -> Table:
    return Table(caption, ("what", "value"), (Group(tuple((plain(name), value) for name, value in rows)),))


def _environments(record: Record) -> Table:
    rows = tuple(_environment(cell) for cell in cells(record))
    return Table("Environments", ("cell", "seed", "engine", "device", "threads", "Python", "packages"), (Group(rows),), frozenset({1, 4}))


def _environment(cell: Cell) -> tuple[Text, ...]:
    environment = next((found for stage in reversed(STAGES) if (found := cell.environment(stage))), None)
    if environment is None:
        return plain(cell.name), plain(cell.seed), plain(cell.engine), plain(cell.device), *(plain("unknown") for _ in range(3))
    packages = ", ".join(f"{name} {version}" for name, version in sorted(environment["packages"].items()))
    return (
        plain(cell.name),
        plain(cell.seed),
        plain(f"{environment['engine']} {environment['engine_version']}"),
        noted(environment["device"], environment["device_name"]),
        plain(environment["threads"]),
        noted(environment["python"], environment["platform"]),
        plain(packages),
    )


def _stages(record: Record) -> Table:
    groups = tuple(Group(tuple(_stage(cell, stage) for stage in STAGES), cell.name) for cell in cells(record))
    columns = ("stage", "key", "came from", "work", "resumed")
    return Table("Stages: work counts every attempt; a cached stage was done by an earlier run", columns, groups, frozenset({3, 4}))


def _stage(cell: Cell, stage: str) -> tuple[Text, ...]:
    entry, result = cell.stages.get(stage), cell.result(stage)
    key = code(entry["key"][:SHORT]) if entry and entry.get("key") else plain("none")
    if entry is None or result is None:
        return plain(stage), key, (Span("no result", "bad"),), plain(""), plain("")
    origin = "the cache" if entry["cached"] else "this run"
    return plain(stage), key, plain(origin), plain(figures.duration(result["seconds"])), plain(result["resumes"])
