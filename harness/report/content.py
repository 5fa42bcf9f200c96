"""What a report says, in its order: the answer, what was resolved, the table, the claims, and everything that backs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.report import figures, statistics
from harness.report.curves import curve_figures, training_table
from harness.report.document import (
    Block,
    Bullets,
    Document,
    Figure,
    Figures,
    Group,
    Notice,
    Paragraph,
    Section,
    Span,
    Table,
    Text,
    noted,
    plain,
)
from harness.report.facts import Cell, Model, cells, data_name
from harness.report.plots import Mark, interval_chart
from harness.report.provenance import commands, provenance
from harness.report.table import COLUMNS, Value, compared, result_rows
from harness.report.verdict import NOT_REPRODUCED, REPRODUCED

Record = Mapping[str, Any]


def document(record: Record) -> Document:
    sections = (
        _resolved(record),
        _result(record),
        _claims(record),
        _agreement(record),
        _training(record),
        _errors(record),
        _timing(record),
        provenance(record),
        commands(record),
    )
    return Document(
        title=f"TinyBERT on {'the ' if record['data']['kind'] == 'sample' else ''}{data_name(record)}",
        lead=(*_answer(record), *_notices(record)),
        sections=tuple(section for section in sections if section.blocks),
    )


# The answer and what must be known before believing it.


def _answer(record: Record) -> tuple[Block, ...]:
    sentences = [_sentence(cell, record) for cell in cells(record)]
    if len(sentences) == 1:
        return (Paragraph(plain(sentences[0])),)
    return (Bullets(tuple((Span(f"{cell.name}: ", "strong"), Span(text)) for cell, text in zip(cells(record), sentences, strict=True))),)


def _sentence(cell: Cell, record: Record) -> str:
    """What distillation cost and what it bought, in words; or which stage is missing to say so."""
    counts, teacher, student = cell.counts, cell.teacher, cell.student
    if counts is None or teacher is None or student is None:
        return f"No answer: {', '.join(cell.missing()) or 'measure'} left no result."
    difference = (counts.student - counts.teacher) / counts.rows
    interval = statistics.paired_difference(counts.only_teacher, counts.only_student, counts.rows)
    speed, within = statistics.median_ratio(teacher.dataset_pass_s, student.dataset_pass_s)
    size = teacher.parameters["encoder"] / student.parameters["encoder"]
    where = f"{'the ' if record['data']['kind'] == 'sample' else ''}{data_name(record)}"
    verb = "cost" if difference <= 0 else "gained"
    return (
        f"On {where} ({figures.count(counts.rows)} dev rows), distillation {verb} {abs(100 * difference):.1f} points of accuracy "
        f"({figures.percent(counts.teacher / counts.rows)} to {figures.percent(counts.student / counts.rows)}; 95 % interval of the "
        f"difference {figures.points_interval(interval)}) and gave a model {compared(size, 'smaller', 'larger')} whose dataset pass is "
        f"{compared(speed, 'faster', 'slower')}{f' ({figures.ratio_interval(within)})' if within else ''}."
    )


def _notices(record: Record) -> list[Block]:
    notices: list[Block] = []
    for cell in cells(record):
        if missing := cell.missing():
            notices.append(
                Notice((Span("Incomplete. ", "strong"), Span(f"{cell.name} is {cell.status}: no result from {', '.join(missing)}.")))
            )
    if record["data"]["kind"] == "sample":
        text = "The sentences come from this project's generator; no number here is a result on a published data set."
        notices.append(Notice((Span("Embedded sample. ", "strong"), Span(text))))
    elif not record["data"]["verified"]:
        text = f"The files do not have the published checksums of {record['data']['name']}."
        notices.append(Notice((Span("Unverified data. ", "strong"), Span(text))))
    if record["profile"] == "quick":
        text = "The same stages on less work: accuracies lie below what the published recipe reaches."
        notices.append(Notice((Span("Quick profile. ", "strong"), Span(text))))
    return notices


def _resolved(record: Record) -> Section:
    rows = tuple(
        (plain(item["what"]), (Span(item["choice"]), *((Span("fallback", "caution"),) if item["fallback"] else ())), plain(item["reason"]))
        for item in record["resolved"]
    )
    table = Table("What this run resolved to; a fallback is marked", ("what", "choice", "why"), (Group(rows),))
    return Section("resolved", "What was resolved", (table,) if rows else ())


# The result and its verdicts.


def _result(record: Record) -> Section:
    rows = result_rows(record)
    groups = tuple(
        Group(tuple(_result_row(row) for row in rows if row.quantity == quantity), quantity)
        for quantity in dict.fromkeys(row.quantity for row in rows)
    )
    for_columns = (tuple(column or "who" for column in COLUMNS), frozenset({1, 2, 3}))
    table = Table("Published beside measured", for_columns[0], groups, for_columns[1])
    how = (
        "Accuracies carry 95 % Wilson intervals, their difference a paired 95 % interval; times are medians with the range of their "
        "rounds, and their ratio a 95 % bootstrap interval over rounds. Measured numbers are rounded to nearest; published ones "
        "stand as printed, and the published 7.5x is truncated."
    )
    figure = _accuracy_figure(record)
    return Section("result", "Result", (table, Paragraph(plain(how)), *((Figures("", (figure,)),) if figure else ())))


def _result_row(row: Any) -> tuple[Text, ...]:
    who = (Span(row.who, "strong"),) if row.published else plain(row.who)
    return who, _value(row.teacher), _value(row.student), _value(row.change)


def _value(value: Value) -> Text:
    return noted(value.text, value.note)


def _accuracy_figure(record: Record) -> Figure | None:
    published = [
        Mark(f"published {claim['role']}", claim["role"], 100 * claim["published"])
        for claim in _unique(record["claims"])
        if claim["quantity"] == "accuracy"
    ]
    measured = [
        Mark(f"{cell.name} {role}", role, 100 * correct / cell.counts.rows, 100 * interval.low, 100 * interval.high)
        for cell in cells(record)
        if cell.counts
        for role, correct in (("teacher", cell.counts.teacher), ("student", cell.counts.student))
        for interval in (statistics.wilson(correct, cell.counts.rows),)
    ]
    if not measured:
        return None
    title = "Dev accuracy with 95 % intervals"
    return Figure(title, interval_chart(title, "accuracy in %", [*published, *measured]), _marks(title, "accuracy in %", published + measured))


def _marks(title: str, column: str, marks: Sequence[Mark]) -> Table:
    rows = tuple(
        (plain(m.label), plain(f"{m.centre:.4g}"), plain("" if m.low is None else f"{m.low:.4g}"), plain("" if m.high is None else f"{m.high:.4g}"))
        for m in marks
    )
    return Table(title, ("who", column, "low", "high"), (Group(rows),), frozenset({1, 2, 3}))


def _unique(claims: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Each claim once, whichever cell it was held against."""
    return list({claim["id"]: claim for claim in claims}.values())


def _claims(record: Record) -> Section:
    claims = record["claims"]
    if not claims:
        return Section("claims", "Published claims", (Paragraph(plain("No claims about this task are on file.")),))
    groups = tuple(
        Group(tuple(_claim_row(claim) for claim in claims if claim["cell"] == cell.name), cell.name) for cell in cells(record)
    )
    table = Table("Each published claim held against each cell", ("claim", "published", "verdict", "why"), groups)
    sources = {claim["source"]: claim for claim in claims}.values()
    source = tuple(
        (Span("Source: "), Span(claim["source"], "plain", claim["source_url"]), Span(f". {claim['source_conditions']}")) for claim in sources
    )
    tolerances = tuple((Span(f"{claim['id']}: ", "strong"), Span(claim["tolerance"])) for claim in _unique(claims))
    words = "Not comparable: a condition of the published number does not hold here, so its value proves nothing either way."
    return Section(
        "claims",
        "Published claims",
        (Paragraph(plain(words)), table, *(Paragraph(text) for text in source), Paragraph(plain("What counts as the same:")), Bullets(tolerances)),
    )


def _claim_row(claim: Mapping[str, Any]) -> tuple[Text, ...]:
    badge = {REPRODUCED: "good", NOT_REPRODUCED: "bad"}.get(claim["verdict"], "caution")
    why = "; ".join(claim["why"])
    return (
        plain(claim["id"]),
        plain(claim["printed"]),
        (Span(claim["verdict"], badge),),  # type: ignore[arg-type]
        noted(f"{why[:1].upper()}{why[1:]}." if why else "Every condition holds and the value agrees.", claim["text"]),
    )


# Teacher against student, row by row.


def _agreement(record: Record) -> Section:
    rows = []
    for cell in cells(record):
        if c := cell.counts:
            p = figures.p_value(statistics.mcnemar(c.only_teacher, c.only_student))
            rows.append((plain(cell.name), *(plain(figures.count(n)) for n in (c.both, c.only_teacher, c.only_student, c.neither)), plain(p)))
    if not rows:
        return Section("agreement", "Teacher and student, row by row", ())
    columns = ("cell", "both right", "only teacher", "only student", "neither", "McNemar, exact")
    table = Table("Dev rows by who is right; the test asks whether the rows that one alone gets right split evenly", columns, (Group(tuple(rows)),), frozenset(range(1, 6)))
    confusions = [_confusion(cell, record) for cell in cells(record) if cell.details("evaluate").get("confusion")]
    return Section("agreement", "Teacher and student, row by row", (table, *confusions))


def _confusion(cell: Cell, record: Record) -> Table:
    labels = [str(label) for label in record["task"]["labels"]]
    confusion = cell.details("evaluate")["confusion"]
    groups = tuple(
        Group(tuple((plain(f"label {label}"), *(plain(figures.count(n)) for n in row)) for label, row in zip(labels, confusion[role], strict=True)), role)
        for role in ("teacher", "student")
    )
    columns = ("", *(f"predicted {label}" for label in labels))
    return Table(f"Confusion, {cell.name}", columns, groups, frozenset(range(1, len(columns))))


def _errors(record: Record) -> Section:
    tables = []
    for cell in cells(record):
        wrong = cell.details("evaluate").get("wrong") or []
        if wrong and cell.counts:
            rows = tuple(
                (plain(row["row"]), plain(row["text"]), plain(row["label"]), plain(row["teacher"]), plain(row["student"])) for row in wrong
            )
            caption = f"{cell.name}: the first {len(wrong)} of {figures.count(cell.counts.only_teacher)} dev rows that the student alone gets wrong"
            tables.append(Table(caption, ("row", "text", "label", "teacher", "student"), (Group(rows),), frozenset({0})))
    return Section("errors", "What the student alone gets wrong", tuple(tables))


# Training, size and time.


def _training(record: Record) -> Section:
    table = training_table(cells(record))
    recipes = tuple(_recipe(cell) for cell in cells(record) if cell.result("distill"))
    if not recipes and not table.groups[0].rows:
        return Section("training", "Training", ())
    columns = ("cell", "start", "schedule", "objective", "layer map", "training rows", "dev accuracy at the start", "after")
    recipe = Table("The student's recipe", columns, (Group(recipes),), frozenset({5, 6, 7}))
    figures_by_cell = tuple(Figures(cell.name, curves) for cell in cells(record) if (curves := curve_figures(cell)))
    return Section("training", "Training", (recipe, table, *figures_by_cell))


def _recipe(cell: Cell) -> tuple[Text, ...]:
    details, metrics = cell.details("distill"), cell.metrics("distill")
    layer_map = details["layer_map"]
    hidden = layer_map["hidden"] if isinstance(layer_map, Mapping) else layer_map
    return (
        plain(cell.name),
        plain(details["start"]),
        plain(details["schedule"]),
        plain(details["objective"]),
        plain(", ".join(map(str, hidden)) if isinstance(hidden, list) else hidden),
        plain(figures.count(metrics["train_rows"])),
        plain(figures.percent(metrics["start_dev_accuracy"])),
        plain(figures.percent(metrics["dev_accuracy"])),
    )


def _timing(record: Record) -> Section:
    measured = [(cell, role, model) for cell in cells(record) for role, model in (("teacher", cell.teacher), ("student", cell.student)) if model]
    if not measured:
        return Section("timing", "Size and dataset pass", ())
    sizes = Table(
        "Parameters by part; the projection is used in training alone",
        ("model", "shape", "embeddings", "layers", "pooler", "encoder", "head", "projection", "on disk"),
        _by_cell(measured, _size_row),
        frozenset(range(2, 9)),
    )
    times = Table(
        "Dataset pass: the first pass is kept apart from the timed rounds",
        ("model", "load", "first pass", "median", "rounds"),
        _by_cell(measured, _time_row),
        frozenset({1, 2, 3}),
    )
    charts = tuple(_rounds_figure(cell) for cell in cells(record) if cell.teacher and cell.student)
    protocols = tuple((Span(f"{cell.name}: ", "strong"), Span(_protocol(cell))) for cell in cells(record) if cell.result("measure"))
    return Section("timing", "Size and dataset pass", (sizes, times, Bullets(protocols), Figures("", charts)))


Measured = tuple[Cell, str, Model]


def _by_cell(measured: Sequence[Measured], row: Any) -> tuple[Group, ...]:
    names = dict.fromkeys(cell.name for cell, _, _ in measured)
    return tuple(Group(tuple(row(role, model) for cell, role, model in measured if cell.name == name), name) for name in names)


def _size_row(role: str, model: Model) -> tuple[Text, ...]:
    parts = ("embeddings", "layers", "pooler", "encoder", "head", "projection")
    numbers = (plain(figures.count(model.parameters.get(part, 0))) for part in parts)
    return plain(role), plain(figures.shape(model.shape)), *numbers, plain(figures.size(model.disk_bytes))


def _time_row(role: str, model: Model) -> tuple[Text, ...]:
    spread = statistics.spread(model.dataset_pass_s)
    rounds = ", ".join(figures.seconds(sample) for sample in model.dataset_pass_s)
    return plain(role), plain(figures.seconds(model.load_s)), plain(figures.seconds(model.first_pass_s)), plain(figures.seconds(spread.median)), plain(rounds)


def _protocol(cell: Cell) -> str:
    protocol, environment = cell.details("measure")["protocol"], cell.environment("measure")
    return (
        f"{figures.count(protocol['rows'])} rows, each once; batch {protocol['batch_size']}, padded to {protocol['padded_length']}; "
        f"loader: {protocol['loader']}; warm-up passes: {protocol['warmup_passes']}; rounds: {protocol['rounds']}, in the order "
        f"{', '.join(protocol['order'])}; {environment['engine']} {environment['engine_version']} on {environment['device_name']}, "
        f"threads: {environment['threads']}."
    )


def _rounds_figure(cell: Cell) -> Figure:
    marks = []
    for role, model in (("teacher", cell.teacher), ("student", cell.student)):
        if model:
            spread = statistics.spread(model.dataset_pass_s)
            marks.append(Mark(role, role, spread.median, spread.low, spread.high, model.dataset_pass_s))
    title = f"Dataset pass of every round, {cell.name}"
    return Figure(title, interval_chart(title, "seconds", marks), _marks(title, "median in s", marks))
