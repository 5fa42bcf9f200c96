"""What the user sees: bars on a terminal, plain lines at phase changes anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.executor.base import Event
from harness.plan import CellPlan
from harness.resolve import Resolution

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from harness.run import RunEnd

DETAIL_INTERVAL_S = 15.0
"""Seconds between two details of long work where there is no terminal."""

PLAIN_WIDTH = 120
"""Columns where no terminal says how wide it is."""


def make_console(stderr: bool = False) -> Console:
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, PLAIN_WIDTH)
    return console


def print_resolutions(console: Console, resolutions: Sequence[Resolution]) -> None:
    """One unbroken line for each choice, so that a path in it can be copied and searched for."""
    width = max(len(each.what) for each in resolutions)
    for each in resolutions:
        mark = "[yellow]fallback:[/] " if each.fallback else ""
        line = f"{escape(each.what):<{width}}  {mark}[bold]{escape(each.choice)}[/] ({escape(each.reason)})"
        console.print(line, soft_wrap=True)


def print_plan(console: Console, cells: Sequence[CellPlan]) -> None:
    """Which stages are in the cache and which will run; a stage that two cells share runs once."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("cell", "stage", "state", "key"):
        table.add_column(column)
    seen: set[str] = set()
    for cell in cells:
        for plan in cell.stages:
            state = "shared" if plan.entry.key in seen else "[bold]to run[/]"
            if plan.entry.fault() is None:
                state = "[green]cached[/]"
            seen.add(plan.entry.key)
            table.add_row(cell.name, plan.stage, state, plan.entry.key[:16])
    console.print(table)


@contextmanager
def narration(console: Console) -> Iterator[Callable[[str], None]]:
    """Tell of long work in lines `title` and then `title: detail`: on a terminal the newest alone, elsewhere few of the details."""
    if console.is_terminal:
        with console.status("") as status:
            yield lambda message: status.update(escape(message))
        return
    title, printed_s = "", 0.0

    def tell(message: str) -> None:
        nonlocal title, printed_s
        is_detail = bool(title) and message.startswith(f"{title}: ")
        if is_detail and time.monotonic() - printed_s < DETAIL_INTERVAL_S:
            return
        title, printed_s = title if is_detail else message, time.monotonic()
        console.print(message, markup=False, soft_wrap=True)

    yield tell


class StageDisplay:
    """One running stage. Feed it events; every phase gets a bar on a terminal, and a line elsewhere."""

    def __init__(self, console: Console, label: str, progress: Progress | None) -> None:
        self._console = console
        self._label = label
        self._progress = progress
        self._phase: str | None = None
        self._bar: TaskID | None = None

    def on_event(self, event: Event) -> None:
        if event["event"] == "note":
            self._console.print(f"{self._label}: {event['message']}", markup=False, soft_wrap=True)
        elif event["event"] == "progress":
            self._on_progress(event)

    def _on_progress(self, event: Event) -> None:
        is_new = event["phase"] != self._phase
        self._phase = event["phase"]
        if self._progress is None:
            if is_new:
                line = f"{self._label}: {event['phase']} ({event['total']} {event['unit']})"
                self._console.print(line, markup=False, soft_wrap=True)
            return
        values = "  ".join(f"{name} {value:.4g}" for name, value in event["values"].items())
        if is_new or self._bar is None:
            if self._bar is not None:
                self._progress.remove_task(self._bar)
            description = escape(f"{self._label}: {event['phase']}")
            self._bar = self._progress.add_task(description, total=event["total"], unit=event["unit"], values="")
        self._progress.update(self._bar, completed=event["done"], total=event["total"], values=escape(values))


@contextmanager
def download_display(console: Console) -> Iterator[Callable[[int, int], None]]:
    """A bar for downloads; to be called with the bytes done and the bytes in all."""
    with stage_display(console, "data") as display:
        progress = {"event": "progress", "phase": "download", "unit": "bytes", "values": {}}
        yield lambda done, total: display.on_event({**progress, "done": done, "total": total})


@contextmanager
def stage_display(console: Console, label: str) -> Iterator[StageDisplay]:
    """Show a stage while it runs. Its bars go when it ends; what stays is the line of `print_stage_end`."""
    if not console.is_terminal:
        yield StageDisplay(console, label, None)
        return
    from rich import progress as bars

    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(bar_width=None),
        bars.MofNCompleteColumn(),
        bars.TextColumn("{task.fields[unit]}"),
        bars.TimeElapsedColumn(),
        bars.TimeRemainingColumn(),
        bars.TextColumn("[dim]{task.fields[values]}[/]"),
    )
    with bars.Progress(*columns, console=console, transient=True) as progress:
        yield StageDisplay(console, label, progress)


def print_stage_end(console: Console, label: str, result: dict[str, Any], cached: bool) -> None:
    """One line for a finished stage, with the scores that it found."""
    found = [f"{name} {value:.4f}" for name, value in result["metrics"].items() if _is_score(result["stage"], name)]
    took = "cached" if cached else f"{result['seconds']:.1f} s"
    console.print("  ".join([f"{label}: {took}", *found]), markup=False, soft_wrap=True)


def _is_score(stage: str, metric: str) -> bool:
    """Trainings tell `dev_score`; of `evaluate`, every metric of the task is named after its model."""
    if stage == "evaluate":
        return metric.startswith(("teacher_", "student_")) and not metric.endswith("_correct")
    return metric.endswith("_score")


def print_summary(console: Console, ended: Sequence[tuple[str, RunEnd]]) -> None:
    """A line for each cell of several tasks' runs: how it ended, and teacher and student in the task's first metric."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("task", "cell", "outcome", "metric", "teacher", "student", "run"):
        table.add_column(column, overflow="fold")
    for name, end in ended:
        for row in _summary_rows(end):
            table.add_row(name, *row)
    console.print(table)


def _summary_rows(end: RunEnd) -> Iterator[tuple[str, ...]]:
    from harness.report.metric import METRICS

    record = end.record
    if record is None:
        yield "", f"[red]exit {end.exit_code}[/]", "", "", "", ""
        return
    metric = METRICS[record["task"]["metrics"][0]]
    for cell in record["cells"]:
        found = {each["stage"]: each["result"]["metrics"] for each in cell["stages"]}.get("evaluate")
        scores = [metric.value(found.get(f"{role}_{metric.name}")) if found else "" for role in ("teacher", "student")]
        outcome = "[green]ok[/]" if cell["status"] == "ok" else f"[red]{cell['status']}[/]"
        yield cell["name"], outcome, metric.label if found else "", *scores, record["run_id"]
