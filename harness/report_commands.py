"""The commands on finished runs: `tinybench publish`, `tinybench compare` and `tinybench adopt`."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from harness.arguments import Runs, console, home
from harness.errors import UsageError
from harness.paths import RUNS, SITE

To = Annotated[Path, typer.Option(help="The folder to write; an earlier site there is replaced as a whole.")]


def publish(runs: Runs = RUNS, to: To = SITE) -> None:
    """Write the report site of all finished runs and the published ones: an index, task pages with trends, a leaderboard.

    \b
    Examples:
      tinybench publish
      tinybench publish --runs /scratch/runs --to ~/public_html/tinybert
    """
    from harness.site import publish as publish_site

    shown = console()
    site = publish_site(home(runs), home(to))
    for each in site.left_out:
        shown.print(f"left out: {each.folder}: {each.why}", markup=False, soft_wrap=True)
    shown.print(f"{site.runs} {'run' if site.runs == 1 else 'runs'}: {site.index}", markup=False, soft_wrap=True)


def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN RUN...", help="Ids or folders of runs; latest is one too.")],
    where: Annotated[Path, typer.Option("--runs", help="Where the runs are.")] = RUNS,
    to: Annotated[
        Path | None, typer.Option(help="The folder to write; by default one below --runs, named after the runs.")
    ] = None,
) -> None:
    """Hold finished runs against one another: what differs, headline quantities side by side, ratios with intervals.

    Writes comparison.html, comparison.md and comparison.csv. The first run is what the others are held against.

    \b
    Examples:
      tinybench compare 20261122-213000-sst-2-a1b2c3 latest
      tinybench compare runs/A runs/B --to /tmp/a-and-b
    """
    from harness.compare import compare as compare_runs

    folders = [run_dir(each, where) for each in runs]
    names = hashlib.sha256("\n".join(map(str, folders)).encode()).hexdigest()[:12]
    shown = console()
    for path in compare_runs(folders, home(to) or home(where) / "comparisons" / names):
        shown.print(str(path), markup=False, soft_wrap=True)


def adopt(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's id, the path of its folder, or latest.")],
    where: Annotated[Path, typer.Option("--runs", help="Where the runs are.")] = RUNS,
) -> None:
    """Put a finished run among the published ones, reports/published: its record without this machine's folders, and its reports.

    \b
    Examples:
      tinybench adopt latest
      tinybench adopt 20261122-213000-sst-2-a1b2c3 --runs /scratch/runs
    """
    from harness.adopt import adopt as adopt_run

    report = adopt_run(run_dir(run, where))
    console().print(str(report.html), markup=False, soft_wrap=True)


def run_dir(run: str, runs: Path) -> Path:
    """A run's folder from its id or path. Raises UsageError when there is none."""
    for path in (home(runs) / run, Path(run).expanduser()):
        if path.is_dir():
            return path.resolve()
    raise UsageError(f"no run {run!r} in {runs}: `tinybench list` shows the finished runs")
