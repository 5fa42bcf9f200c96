"""`make doctor`: what this machine can and cannot run, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.errors import ExitCode
from harness.resolve.checks import TASK, Check, examine
from harness.resolve.device import Gpu, visible_gpus
from harness.resolve.engine import CUDA_BUILDS, ENGINES, choose

__all__ = ["Check", "Verdict", "examine", "print_doctor", "verdicts"]

ESSENTIAL = ("memory", "disk for runs", "disk for the cache", "data")
"""Checks without which nothing runs, whatever the engine."""

_COLOUR = {"ok": "green", "warn": "yellow", "missing": "red"}


@dataclass(frozen=True)
class Verdict:
    """Whether one way to run works here, or what keeps it from working."""

    what: str
    possible: bool
    why: str


def verdicts(checks: list[Check], gpus: tuple[Gpu, ...]) -> list[Verdict]:
    """What the checks mean for the ways to run; the first is the default bench."""
    status = {check.name: check.status for check in checks}
    base = "; ".join(check.name for check in checks if check.status == "missing" and check.name in ESSENTIAL)
    default = choose(None, None, 1, gpus)[0]
    found = [_engine_verdict(f"make bench TASK={TASK} ({default.engine})", default.engine, status, base)]
    for engine in ENGINES:
        found.append(_engine_verdict(f"ENGINE={engine} DEVICE=cpu", engine, status, base))
        objection = CUDA_BUILDS[engine].objection(gpus[0]) if gpus else "no CUDA device"
        if objection:
            found.append(Verdict(f"ENGINE={engine} DEVICE=cuda", False, objection))
        else:
            found.append(_engine_verdict(f"ENGINE={engine} DEVICE=cuda", engine, status, base))
    data = status["data"] == "ok" or status["GLUE download"] == "ok"
    missing = "" if data else f"no {TASK} here and no way to download it; set DATA_ROOT"
    found.append(Verdict(f"on {TASK} itself (else on the embedded sample)", data, missing))
    full = [] if data else [missing]
    if status["Hugging Face hub"] != "ok":
        full.append("its BERT-base comes from the hub, else give TEACHER=DIR")
    if all(CUDA_BUILDS[engine].objection(gpu) for engine in ENGINES for gpu in gpus[:1]):
        full.append("without a GPU it takes days")
    found.append(Verdict("PROFILE=full", not full, "; ".join(full)))
    return found


def print_doctor(console: Console) -> ExitCode:
    """Checks, then what can run. DONE when the default bench can, INFRASTRUCTURE otherwise."""
    checks = examine()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("check", "", "finding", "what to do"):
        table.add_column(name, overflow="fold")
    for check in checks:
        status = f"[{_COLOUR[check.status]}]{check.status}[/]"
        table.add_row(check.name, status, escape(check.finding), escape(check.remedy))
    console.print(table)
    console.print()
    found = verdicts(checks, visible_gpus())
    for verdict in found:
        mark = "[green]can run[/]   " if verdict.possible else "[red]cannot run[/]"
        console.print(f"{mark} {escape(verdict.what)}{': ' if verdict.why else ''}{escape(verdict.why)}")
    return ExitCode.DONE if found[0].possible else ExitCode.INFRASTRUCTURE


def _engine_verdict(what: str, engine: str, status: Mapping[str, str], base: str) -> Verdict:
    problems = [base] if base else []
    if status[f"{engine} environment"] == "missing":
        problems.append(f"{engine} environment")
    return Verdict(what, not problems, "see " + ", ".join(problems) if problems else "")
