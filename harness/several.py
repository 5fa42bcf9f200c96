"""Several tasks, one after the other: each is a run of its own, and one that fails does not keep the others from running."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import Console

from harness.errors import HarnessError
from harness.faults import as_harness_error, complain
from harness.request import Request
from harness.run import STOPPED, RunEnd


def each(requests: Sequence[Request], work: Callable[[Request], RunEnd], console: Console) -> list[tuple[str, RunEnd]]:
    """`work` for every request, and how each ended, by its task. A failure is told when it happens; a stop is raised."""
    ended: list[tuple[str, RunEnd]] = []
    for number, request in enumerate(requests, 1):
        name = str(request.task)
        console.print(f"\n[bold]{name}[/] ({number} of {len(requests)})")
        end = _attempt(request, work)
        if end.failure is not None:
            complain("\n".join(f"{name}: {line}" for line in end.failure.message.splitlines()))
        ended.append((name, end))
    return ended


def worst(ended: Sequence[tuple[str, RunEnd]]) -> int:
    """The highest exit code: what is the machine's fault outranks what is the user's."""
    return max(end.exit_code for _, end in ended)


def _attempt(request: Request, work: Callable[[Request], RunEnd]) -> RunEnd:
    try:
        return work(request)
    except BrokenPipeError:  # nobody reads on
        raise
    except Exception as error:
        if isinstance(error, HarnessError) and error.exit_code >= STOPPED:
            raise
        return RunEnd(None, None, as_harness_error(error))
