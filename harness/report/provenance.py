"""Where the numbers come from: commit, machine, data, weights, versions, stages; and how to get them again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.record import RECORD
from harness.report import figures
from harness.report.document import (
    Block,
    Bullets,
    Commands,
    Group,
    Notice,
    Paragraph,
    Section,
    Span,
    Table,
    Text,
    code,
    noted,
    plain,
)
from harness.report.facts import Cell, cells, data_name
from harness.stages import STAGES

Record = Mapping[str, Any]
# As many hex digits as tell keys and commits of one project apart.
SHORT = 12


def provenance(record: Record) -> Section:
    return Section(
        "provenance",
        "Provenance",
        (_run(record), _inputs(record), _environments(record), _stages(record), *_submissions(record)),
    )


def _submissions(record: Record) -> list[Block]:
    """Where the student's predictions of the test sets lie, for GLUE's server: no score of them is known here."""
    items = tuple(
        (Span(f"{cell.name}: ", "strong"), Span(", ".join(found.values()), "code"))
        for cell in cells(record)
        if (found := cell.details("evaluate").get("submissions"))
    )
    return (
        [Paragraph(plain("For GLUE's server, among the files of the stage evaluate:")), Bullets(items)] if items else []
    )


def commands(record: Record) -> Section:
    git = record["git"]
    checkout = (f"git checkout {git['commit']}",) if git["commit"] else ()
    blocks: list[Block] = [Paragraph(plain("In a clone of the project, with the same inputs within reach:"))]
    blocks.append(Commands((*checkout, record["command"])))
    if git["dirty"]:
        blocks.append(
            Notice(plain("The working tree had changes that no commit holds: the commit alone is not what ran."))
        )
    where = (
        Span("Every number above, and every sample, stands in "),
        Span(RECORD, url=RECORD),
        Span(" beside this report; the links of the tables above end in the place there, a JSON pointer (RFC 6901)."),
    )
    blocks.append(Paragraph(where))
    return Section("reproduce", "Commands to reproduce", tuple(blocks))


def _run(record: Record) -> Table:
    git, host, suite = record["git"], record["host"], record["suite"]
    state = "with uncommitted changes" if git["dirty"] else "clean"
    commit = f"{git['commit']}, {state}" if git["commit"] else "unknown: not a git checkout"
    gpus = ", ".join(host["gpus"]) or "none"
    machine = f"{host['os']}; {host['cpu']}, {host['cores']} cores, {host['memory_bytes'] / 2**30:.1f} GiB; GPU: {gpus}"
    rows: list[tuple[str, Text]] = [
        ("run", code(record["run_id"])),
        ("created", plain(record["created_at"])),
        ("version", plain(record["version"])),
        ("commit", plain(commit)),
        ("suite", noted(suite["file"], f"sha256 {suite['sha256']}")),
        ("profile", plain(f"{record['profile']}{', strict' if record['strict'] else ''}")),
        ("machine", plain(machine)),
    ]
    return _facts("The run", rows)


def _inputs(record: Record) -> Table:
    data, weights = record["data"], record["weights"]
    rows: list[tuple[str, Text]] = [("data", noted(data_name(record), f"{data['kind']}, from {data['origin']}"))]
    rows += [
        (name, noted(f"{figures.count(file['bytes'])} bytes", f"sha256 {file['sha256']}"))
        for name, file in data["files"].items()
    ]
    named = noted(f"{weights['name']} ({weights['kind']})", f"sha256 {weights['sha256']}")
    # A suite of random weights takes their vocabulary and nothing else.
    trained = any("teacher" in cell.planned for cell in cells(record))
    rows.append(("teacher weights" if trained else "vocabulary", named))
    return _facts("Inputs", rows)


def _facts(caption: str, rows: list[tuple[str, Text]]) -> Table:
    return Table(caption, ("what", "value"), (Group(tuple((plain(name), value) for name, value in rows)),))


def _environments(record: Record) -> Table:
    found = [
        (cell, next((e for stage in reversed(STAGES) if (e := cell.environment(stage))), {})) for cell in cells(record)
    ]
    rows = [("seed", tuple(plain(cell.seed) for cell, _ in found))]
    rows += [
        (label, tuple(plain(show(e) if e else "unknown") for _, e in found)) for label, show in _ENVIRONMENT.items()
    ]
    images = [cell.container for cell, _ in found]
    shown = _CONTAINER if any(images) else {"container": _CONTAINER["container"]}
    rows += [(label, tuple(plain(show(image)) for image in images)) for label, show in shown.items()]
    columns = ("what", *(cell.name for cell, _ in found))
    return Table("Environments", columns, (Group(tuple((plain(label), *values) for label, values in rows)),))


_ENVIRONMENT: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "engine": lambda e: f"{e['engine']} {e['engine_version']}",
    "device": lambda e: f"{e['device']}: {e['device_name']}",
    "threads": lambda e: str(e["threads"]),
    "Python": lambda e: str(e["python"]),
    "platform": lambda e: str(e["platform"]),
    "packages": lambda e: ", ".join(f"{name} {version}" for name, version in sorted(e["packages"].items())),
}


_CONTAINER: dict[str, Callable[[Mapping[str, Any] | None], str]] = {
    "container": lambda c: "none: a virtual environment" if c is None else str(c["tag"]),
    "image id": lambda c: "" if c is None else str(c["image_id"]),
    "digest": lambda c: "" if c is None else ", ".join(c["digests"]) or "none: in no registry",
    "base": lambda c: "" if c is None else f"{'local stand-in ' if c['base']['local'] else ''}{c['base']['reference']}",
    "layers": lambda c: "" if c is None else ", ".join(each.removeprefix("sha256:")[:SHORT] for each in c["layers"]),
}


def _stages(record: Record) -> Table:
    groups = tuple(Group(tuple(_stage(cell, stage) for stage in cell.planned), cell.name) for cell in cells(record))
    columns = ("stage", "key", "came from", "work", "resumed")
    return Table(
        "Stages: work counts every attempt; a cached stage was done by an earlier run",
        columns,
        groups,
        frozenset({3, 4}),
    )


def _stage(cell: Cell, stage: str) -> tuple[Text, ...]:
    entry, result = cell.stages.get(stage), cell.result(stage)
    key = code(entry["key"][:SHORT]) if entry and entry.get("key") else plain("none")
    if entry is None or result is None:
        return plain(stage), key, (Span("no result", "bad"),), plain(""), plain("")
    origin = "the cache" if entry["cached"] else "this run"
    return plain(stage), key, plain(origin), plain(figures.duration(result["seconds"])), plain(result["resumes"])
