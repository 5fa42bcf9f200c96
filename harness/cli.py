"""The command line, `tinybench`. Behind `make bench` stands `tinybench run`."""

from __future__ import annotations

import io
import os
import sys
from typing import Annotated

import typer

import harness
from harness.arguments import (
    Augment,
    Containers,
    Corpus,
    DataRoot,
    Device,
    Engine,
    Glove,
    Memory,
    Profile,
    Runs,
    Seeds,
    Strict,
    SuiteFile,
    Task,
    Teacher,
    Threads,
    Timeout,
    console,
    home,
    requests,
)
from harness.errors import ExitCode, UsageError
from harness.faults import as_harness_error, complain
from harness.image_commands import images_app
from harness.paths import RUNS
from harness.report_commands import adopt, compare, publish, run_dir

EXIT_CODES = (
    "Exit codes: 0 done, 1 regression, 2 bad input, 3 unstable measurement, 4 infrastructure, 130 and 143 stopped."
)

app = typer.Typer(
    name="tinybench",
    help="What TinyBERT distillation buys and what it costs, with one command.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Run = Annotated[str, typer.Argument(help="A run's id, the path of its folder, or latest.")]


@app.command()
def run(
    task: Task = None,
    suite: SuiteFile = None,
    profile: Profile = None,
    engine: Engine = None,
    device: Device = None,
    containers: Containers = None,
    seeds: Seeds = "1",
    augment: Augment = "none",
    glove: Glove = None,
    corpus: Corpus = None,
    data_root: DataRoot = None,
    teacher: Teacher = None,
    runs: Runs = RUNS,
    strict: Strict = False,
    threads: Threads = None,
    memory: Memory = None,
    stage_timeout: Timeout = None,
) -> None:
    """Run a task's whole pipeline and write its report; several tasks one after the other, each with a report of its own.

    What is in the cache is not run again, so after a stop the same command resumes. Of several tasks, one that fails does not keep
    the others from running; the exit code is the highest.

    \b
    Examples:
      tinybench run --task SST-2
      tinybench run --task RTE,MRPC
      tinybench run --task all --data-root ~/glue
      tinybench run --task SST-2 --data-root ~/glue --engine both
      tinybench run --task SST-2 --containers oneflow-0.9.0-cpu,torch-2-cpu --seeds 1,2
      tinybench run --task SST-2 --profile full --teacher bert-base-uncased --strict
      tinybench run --task SST-2 --augment none,published --glove ~/glove.6B.zip
      tinybench run --suite my-suite.yaml --runs /scratch/runs
    """
    asked = requests(locals())
    from harness.console import print_summary
    from harness.run import run as run_request
    from harness.several import each, worst

    shown = console()
    if len(asked) == 1:
        end = run_request(asked[0], shown)
        if end.failure is not None:
            raise end.failure
        return
    ended = each(asked, lambda request: run_request(request, shown), shown)
    shown.print()
    print_summary(shown, ended)
    raise typer.Exit(worst(ended))


@app.command()
def plan(
    task: Task = None,
    suite: SuiteFile = None,
    profile: Profile = None,
    engine: Engine = None,
    device: Device = None,
    containers: Containers = None,
    seeds: Seeds = "1",
    augment: Augment = "none",
    glove: Glove = None,
    corpus: Corpus = None,
    data_root: DataRoot = None,
    teacher: Teacher = None,
    runs: Runs = RUNS,
    strict: Strict = False,
    threads: Threads = None,
) -> None:
    """Show what `run` would do: what was resolved, which stages are cached and which would run.

    \b
    Examples:
      tinybench plan --task SST-2
      tinybench plan --task all
      tinybench plan --task SST-2 --engine both --profile full
      tinybench plan --task SST-2 --containers local,torch-2-cpu --seeds 1,2,3
    """
    asked = requests(locals())
    from harness.run import show_plan
    from harness.several import each, worst

    shown = console()
    if len(asked) == 1:
        show_plan(asked[0], shown)
        return
    raise typer.Exit(worst(each(asked, lambda request: show_plan(request, shown), shown)))


@app.command("list")
def list_(runs: Runs = RUNS) -> None:
    """Show the suites and the finished runs.

    \b
    Example:
      tinybench list
    """
    from rich.table import Table

    from harness.suite import find_suite, suite_names

    shown = console()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("suite", "profiles", "what"):
        table.add_column(column)
    for name in suite_names():
        suite = find_suite(name)
        table.add_row(name, ", ".join(suite.profiles), suite.summary)
    shown.print(table)
    shown.print()
    finished = sorted(path.parent.name for path in home(runs).glob("*/record.json") if not path.parent.is_symlink())
    for run_id in finished:
        shown.print(run_id, markup=False)
    if not finished:
        shown.print(f"no finished run in {runs}", markup=False, soft_wrap=True)


@app.command()
def show(run: Run = "latest", runs: Runs = RUNS) -> None:
    """Show the result table of a finished run.

    \b
    Examples:
      tinybench show
      tinybench show 20261122-213000-sst-2-a1b2c3
    """
    from harness.console import print_resolutions
    from harness.record import read
    from harness.report import result_table
    from harness.resolve import Resolution

    record = read(run_dir(run, runs))
    shown = console()
    print_resolutions(shown, [Resolution(**each) for each in record["resolved"]])
    shown.print(result_table(record))


@app.command()
def report(run: Run = "latest", runs: Runs = RUNS) -> None:
    """Write the report of a finished run again, from its record.

    \b
    Examples:
      tinybench report
      tinybench report runs/20261122-213000-sst-2-a1b2c3
    """
    from harness.record import read
    from harness.report import render

    folder = run_dir(run, runs)
    paths = render(read(folder), folder)
    shown = console()
    for path in (paths.html, paths.markdown, paths.sheet):
        shown.print(str(path), markup=False, soft_wrap=True)


@app.command()
def setup(engine: Annotated[str, typer.Option(help="oneflow, torch or both.")] = "both") -> None:
    """Create the engines' environments now instead of at the first run.

    \b
    Example:
      tinybench setup --engine torch
    """
    from harness.console import narration
    from harness.resolve.engine import ENGINES
    from harness.resolve.environment import ensure_environment
    from harness.schema_check import nearest

    if engine not in (*ENGINES, "both"):
        raise UsageError(f"unknown engine {engine!r}{nearest(engine, (*ENGINES, 'both'))}: oneflow, torch or both")
    shown = console()
    for name in ENGINES if engine == "both" else (engine,):
        with narration(shown) as report:
            environment = ensure_environment(name, report)
        shown.print(f"{name}: {environment.python}", markup=False, soft_wrap=True)


app.command()(compare)
app.command()(adopt)
app.command()(publish)
app.add_typer(images_app, name="images", invoke_without_command=True)


@app.command()
def doctor() -> None:
    """Say what this machine can and cannot run, and what to do about it.

    \b
    Example:
      tinybench doctor
    """
    from harness.doctor import print_doctor

    raise typer.Exit(print_doctor(console()))


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tinybench {harness.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """The entry point: every way to end is an exit code, and a traceback never reaches the user."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character shows a question mark
    try:
        app()
    except BrokenPipeError:
        # Whoever read our output has left (`| head`): nobody is there to be told.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ExitCode.INFRASTRUCTURE)
    except Exception as error:
        told = as_harness_error(error)
        complain(told.message)
        sys.exit(told.exit_code)


if __name__ == "__main__":
    main()
