"""How large the models are: exact counts by part, bytes on disk, and what the published 110 M, 14.5 M and 7.5x count."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.report import figures
from harness.report.document import Bullets, Group, Section, Span, Table, Text, noted, plain
from harness.report.facts import Cell, cells
from harness.report.measured import Measured, Model
from harness.report.values import compared
from harness.report.verdict import NOT_COMPARABLE

Record = Mapping[str, Any]


def section(record: Record) -> Section:
    """One table for all cells that have the same models, which is all of them unless their engines write other files."""
    groups: dict[str, list[tuple[Cell, Measured]]] = {}
    for cell in cells(record):
        if cell.measured:
            sizes = [(m.name, m.role, m.parameters, m.shape, m.disk_bytes) for m in cell.measured.models]
            groups.setdefault(repr(sizes), []).append((cell, cell.measured))
    tables = [_table(members, len(groups) == 1) for members in groups.values()]
    ratios = tuple(dict.fromkeys(text for members in groups.values() for text in _ratios(members[0][1])))
    if not tables:
        return Section("sizes", "Sizes", ())
    return Section("sizes", "Sizes", (*tables, Bullets((*ratios, *_untrained(record), *_published(record)))))


def _table(members: list[tuple[Cell, Measured]], only: bool) -> Table:
    """The counts of the first member, which are those of the others."""
    first, measured = members[0]
    models = measured.models
    rows = tuple((plain(name), *(show(model) for model in models)) for name, show in _ROWS.items())
    whose = "" if only else f": {', '.join(cell.name for cell, _ in members)}"
    return Table(
        f"Parameters by part, counted, and the file that holds them{whose}",
        ("what", *(model.name for model in models)),
        (Group(rows),),
        frozenset(range(1, len(models) + 1)),
        url=first.source("measure"),
    )


def _part(name: str) -> Callable[[Model], Text]:
    return lambda model: plain(figures.count(model.parameters.get(name, 0)))


def _disk(model: Model) -> Text:
    if not model.disk_bytes:
        return plain("no file")
    return noted(f"{figures.count(model.disk_bytes)} bytes", figures.size(model.disk_bytes))


_ROWS: Mapping[str, Callable[[Model], Text]] = {
    "shape": lambda model: plain(figures.shape(model.shape)),
    "embeddings": _part("embeddings"),
    "layers": _part("layers"),
    "pooler": _part("pooler"),
    "encoder: embeddings, layers and pooler": _part("encoder"),
    "head": _part("head"),
    "serving: encoder and head": _part("serving"),
    "projection, used in training alone": _part("projection"),
    "training: encoder, head and projection": lambda model: plain(figures.count(model.training_parameters)),
    "weights on disk": _disk,
}


def _ratios(measured: Measured) -> list[Text]:
    teacher = measured.role("teacher")
    return [_ratio(teacher, model) for model in measured.models if teacher and model is not teacher] if teacher else []


def _ratio(teacher: Model, model: Model) -> Text:
    """Encoder against encoder, and against what training holds, each with its counts."""
    whole, serving, training = teacher.parameters["encoder"], model.parameters["encoder"], model.training_parameters
    sentence = (
        f"{figures.count(whole)} parameters in the encoder of {teacher.name} against {figures.count(serving)} in its own, which is "
        f"what serves: {compared(whole / serving, 'smaller', 'larger')}."
    )
    if model.parameters.get("projection"):
        sentence += (
            f" With the head and the projection, as in training, it has {figures.count(training)}: "
            f"{compared(whole / training, 'smaller', 'larger')}."
        )
    return Span(f"{model.name}: ", "strong"), Span(sentence)


def _untrained(record: Record) -> tuple[Text, ...]:
    if any("distill" in cell.planned for cell in cells(record)):
        return ()
    said = "nothing was trained here; the one that distillation would add is counted from the two widths."
    return ((Span("Projection: ", "strong"), Span(said)),)


def _published(record: Record) -> tuple[Text, ...]:
    """What the published counts are made of, where a cell has the published shapes."""
    claims = {
        claim["id"]: claim
        for claim in record["claims"]
        if claim["quantity"] in ("parameters", "parameter_ratio")
        and claim["verdict"] != NOT_COMPARABLE
        and claim["note"]
    }
    return tuple(
        (Span(f"Published {c['printed']}, {c['source_name']}: ", "strong"), Span(c["note"])) for c in claims.values()
    )
