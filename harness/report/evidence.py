"""What backs the result: who is right on which rows, how the training went, what the student gets wrong, sizes and times."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.report import figures, statistics
from harness.report.curves import curve_figures, training_table
from harness.report.document import Bullets, Figure, Figures, Group, Section, Span, Table, Text, noted, plain
from harness.report.facts import Cell, Counts, Model, cells
from harness.report.plots import Mark, interval_chart

Record = Mapping[str, Any]


def agreement(record: Record) -> Section:
    """Teacher and student on the same rows."""
    judged = [(cell, cell.counts) for cell in cells(record) if cell.counts]
    tables: tuple[Table, ...] = ()
    if judged:
        who = Table(
            "Dev rows by who is right; McNemar's exact test asks whether the rows that one alone gets right split evenly",
            ("cell", "both", "only teacher", "only student", "neither", "McNemar"),
            (Group(tuple((plain(cell.name), *_agreement(counts)) for cell, counts in judged)),),
            frozenset(range(1, 6)),
        )
        tables = (who, _confusion(record, [cell for cell, _ in judged]))
    return Section("agreement", "Teacher and student, row by row", tables)


def _agreement(counts: Counts) -> tuple[Text, ...]:
    rows = (counts.both, counts.only_teacher, counts.only_student, counts.neither)
    p = statistics.mcnemar(counts.only_teacher, counts.only_student)
    return *(plain(figures.count(n)) for n in rows), plain(figures.p_value(p))


def _confusion(record: Record, judged: Sequence[Cell]) -> Table:
    labels = record["task"]["labels"]
    groups = []
    for cell in judged:
        confusion = cell.details("evaluate")["confusion"]
        rows = zip(labels, confusion["teacher"], confusion["student"], strict=True)
        groups.append(
            Group(
                tuple((plain(label), *(plain(figures.count(n)) for n in (*t, *s))) for label, t, s in rows), cell.name
            )
        )
    columns = ("label", *(f"{role} says {label}" for role in ("teacher", "student") for label in labels))
    return Table(
        "Confusion: rows by label and by prediction", columns, tuple(groups), frozenset(range(1, len(columns)))
    )


def training(record: Record) -> Section:
    phases = training_table(cells(record))
    distilled = [cell for cell in cells(record) if cell.result("distill")]
    curves = tuple(Figures(cell.name, drawn) for cell in cells(record) if (drawn := curve_figures(cell)))
    blocks = ((_recipes(distilled),) if distilled else ()) + ((phases,) if phases.groups else ()) + curves
    return Section("training", "Training", blocks)


def _recipes(distilled: Sequence[Cell]) -> Table:
    columns = ("what", *(cell.name for cell in distilled))
    recipes = [_recipe(cell) for cell in distilled]
    rows = tuple((plain(name), *(plain(recipe[name]) for recipe in recipes)) for name in recipes[0])
    return Table("How the student was trained", columns, (Group(rows),))


def _recipe(cell: Cell) -> dict[str, str]:
    details, metrics = cell.details("distill"), cell.metrics("distill")
    return {
        "start": details["start"],
        "schedule": details["schedule"],
        "objective": details["objective"],
        "teacher layers matched (0: embeddings)": ", ".join(map(str, details["layer_map"]["hidden"])),
        "training rows": figures.count(metrics["train_rows"]),
        "dev accuracy before training": figures.percent(metrics["start_dev_accuracy"]),
        "dev accuracy after": figures.percent(metrics["dev_accuracy"]),
    }


def errors(record: Record) -> Section:
    tables = []
    for cell in cells(record):
        wrong = cell.details("evaluate").get("wrong")
        if wrong and cell.counts:
            names = ("row", "text", "label", "student")
            rows = tuple(tuple(plain(row[name]) for name in names) for row in wrong)
            caption = (
                f"{cell.name}: {len(wrong)} of {figures.count(cell.counts.only_teacher)} such dev rows, the first ones"
            )
            tables.append(Table(caption, names, (Group(rows),), frozenset({0})))
    return Section("errors", "What the student alone gets wrong", tuple(tables))


def sizes_and_times(record: Record) -> Section:
    measured = [(cell, cell.teacher, cell.student) for cell in cells(record) if cell.teacher and cell.student]
    if not measured:
        return Section("timing", "Size and dataset pass", ())
    groups = tuple(Group(_model_rows(teacher, student), cell.name) for cell, teacher, student in measured)
    table = Table(
        "Parameters by part (the projection is used in training alone) and times; the first pass is kept apart from the rounds",
        ("what", "teacher", "student"),
        groups,
        frozenset({1, 2}),
    )
    protocols = Bullets(tuple((Span(f"{cell.name}: ", "strong"), Span(_protocol(cell))) for cell, _, _ in measured))
    charts = Figures("", tuple(_rounds(cell.name, teacher, student) for cell, teacher, student in measured))
    return Section("timing", "Size and dataset pass", (table, protocols, charts))


def _model_rows(teacher: Model, student: Model) -> tuple[tuple[Text, ...], ...]:
    parts = ("embeddings", "layers", "pooler", "encoder", "head", "projection")
    rows: dict[str, Callable[[Model], Text]] = {
        "shape": lambda model: plain(figures.shape(model.shape)),
        **{part: _parameters(part) for part in parts},
        "weights on disk": lambda model: plain(figures.size(model.disk_bytes)),
        "load": lambda model: plain(figures.seconds(model.load_s)),
        "first dataset pass": lambda model: plain(figures.seconds(model.first_pass_s)),
        "dataset pass, median": _median,
    }
    return tuple((plain(name), show(teacher), show(student)) for name, show in rows.items())


def _parameters(part: str) -> Callable[[Model], Text]:
    return lambda model: plain(figures.count(model.parameters.get(part, 0)))


def _median(model: Model) -> Text:
    spread = statistics.spread(model.dataset_pass_s)
    return noted(figures.seconds(spread.median), f"rounds: {figures.all_seconds(model.dataset_pass_s)}")


def _protocol(cell: Cell) -> str:
    protocol, environment = cell.details("measure")["protocol"], cell.environment("measure")
    return (
        f"{figures.count(protocol['rows'])} rows, each once; batch {protocol['batch_size']}, padded to "
        f"{protocol['padded_length']}; {protocol['loader']}; {protocol['warmup_passes']} passes before the clock counts; "
        f"{protocol['rounds']} rounds in the order {', '.join(protocol['order'])}; {environment['engine']} "
        f"{environment['engine_version']} on {environment['device_name']}, threads: {environment['threads']}."
    )


def _rounds(name: str, teacher: Model, student: Model) -> Figure:
    marks = []
    for role, model in (("teacher", teacher), ("student", student)):
        spread = statistics.spread(model.dataset_pass_s)
        marks.append(Mark(role, role, spread.median, spread.low, spread.high, model.dataset_pass_s))
    title = f"Every round, {name}"
    return Figure(
        title,
        interval_chart(title, "dataset pass in seconds", marks, from_zero=True),
        mark_table(title, "median in s", marks),
    )


def mark_table(title: str, centre: str, marks: Sequence[Mark]) -> Table:
    """The numbers of an interval chart."""
    rows = tuple(
        (plain(m.label), *(plain("" if n is None else f"{n:.4g}") for n in (m.centre, m.low, m.high))) for m in marks
    )
    return Table(title, ("who", centre, "low", "high"), (Group(rows),), frozenset({1, 2, 3}))
