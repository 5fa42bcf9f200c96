"""What several of the site's pages show: links, a run's conditions, a run's results."""

from __future__ import annotations

from collections.abc import Sequence

from harness.record import RECORD
from harness.report import HTML, MARKDOWN, SHEET, values
from harness.report.content import spans_of
from harness.report.document import Group, Paragraph, Span, Table, Text, plain
from harness.report.facts import Cell
from harness.report.values import Value
from harness.site.conditions import conditions, container_of, data_of, device_of, engine_of
from harness.site.runs import SiteRun, slug

INDEX, LEADERBOARD, LEADERBOARD_CSV, SITE = "index.html", "leaderboard.html", "leaderboard.csv", "site.json"

Row = tuple[SiteRun, Cell]


def task_page(subject: str) -> str:
    """The file of a subject's page."""
    return f"task-{slug(subject)}.html"


def links(subjects: Sequence[str], here: str) -> Paragraph:
    """Every page but this one."""
    pages = [("All tasks", INDEX), ("Leaderboard", LEADERBOARD), *((each, task_page(each)) for each in subjects)]
    spans = [Span(name, url=file) for name, file in pages if file != here]
    apart = [span for each in spans for span in (Span(" · "), each)]
    return Paragraph(tuple(apart[1:]))


def files(run: SiteRun) -> Paragraph:
    """A run's files on the site."""
    named = (("report", HTML), ("Markdown", MARKDOWN), ("record", RECORD), ("table", SHEET))
    spans = [span for name, file in named for span in (Span(" · "), Span(name, url=run.link(file)))]
    return Paragraph((Span(f"Run {run.name}, {run.date} UTC: "), *spans[1:]))


def conditions_table(rows: Sequence[Row]) -> Table:
    columns = ("run, cell", "when (UTC)", "engine", "device", "container", "seed", "profile", "data", "status")
    cells = tuple(
        (
            name(run, cell),
            plain(run.date),
            plain(engine_of(cell)),
            plain(device_of(cell) or "unknown"),
            plain(container_of(cell)),
            plain(cell.seed),
            plain(run.record["profile"]),
            (Span(data_of(run)), _verified(run)),
            (Span(cell.status, "good" if cell.status == "ok" else "bad"),),
        )
        for run, cell in rows
    )
    return Table("Under which conditions each cell ran", columns, (Group(cells),), frozenset({5}))


def results_table(rows: Sequence[Row]) -> Table:
    """A line a cell, cells of the same conditions together: nothing is compared across groups."""
    groups: dict[str, list[Row]] = {}
    for run, cell in rows:
        groups.setdefault(conditions(run, cell).name, []).append((run, cell))
    metric = rows[0][1].metric
    scored = any("evaluate" in cell.planned for _, cell in rows)
    scores = (f"teacher's {metric.label}", f"student's {metric.label}", "change") if scored else ()
    columns = (
        "run, cell",
        *scores,
        "student's parameters",
        "student's dataset pass",
        "student's forward pass",
        "record",
    )
    tables = tuple(
        Group(tuple(_result(run, cell, scored) for run, cell in members), heading)
        for heading, members in groups.items()
    )
    caption = "What each cell found; a time stands only where it is valid, its ratio is that to the teacher's"
    return Table(caption, columns, tables, frozenset(range(1, len(columns) - 1)))


def name(run: SiteRun, cell: Cell) -> Text:
    return (Span(f"{run.name}, {cell.name}", url=run.link(HTML)),)


def _result(run: SiteRun, cell: Cell, scored: bool) -> tuple[Text, ...]:
    set_name = cell.first_dev_set.name if cell.first_dev_set else ""
    scores = values.score(cell, cell.metric, set_name) if scored else ()
    inputs = cell.headline
    amounts = (
        values.parameters(cell, cell.student),
        values.dataset_pass(cell, cell.student),
        values.forward(cell, cell.student, inputs) if inputs else (values.NOT_MEASURED,) * 3,
    )
    record = (Span("record", url=run.source(cell)),)
    return name(run, cell), *map(spans_of, scores), *(_against_teacher(*each) for each in amounts), record


def _against_teacher(_: Value, student: Value, ratio: Value) -> Text:
    """The student's number, and below it how it stands to the teacher's where both count."""
    has_ratio = ratio.text[:1].isdigit()
    note = "; ".join(
        part for part in (f"{ratio.text}, {ratio.note}".rstrip(", ") if has_ratio else "", student.note) if part
    )
    return (Span(student.text, student.kind), *((Span(note, "note"),) if note else ()))


def _verified(run: SiteRun) -> Span:
    data = run.record["data"]
    if data["kind"] == "sample":
        return Span("generated", "caution")
    return Span("verified", "good") if data["verified"] else Span("not verified", "caution")
