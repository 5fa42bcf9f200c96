"""What backs the result: who is right on which rows, how the training went, what the student gets wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.report import figures, statistics
from harness.report.curves import curve_figures, training_table
from harness.report.document import Figures, Group, Section, Table, Text, plain
from harness.report.facts import Cell, Counts, cells

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
