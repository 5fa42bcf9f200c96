"""What a stage may fail with. The exit codes are part of the contract (docs/contract.md)."""

from __future__ import annotations

BAD_INPUT = 2
INFRASTRUCTURE = 4
INTERRUPTED = 130
TERMINATED = 143


class StageError(Exception):
    """One short message for the user (what, where, what to do) and the exit code that goes with it."""

    exit_code = INFRASTRUCTURE


class BadInputError(StageError):
    """The user's data, weights or options are at fault."""

    exit_code = BAD_INPUT


class InfrastructureError(StageError):
    """The machine is at fault: disk, memory, a missing engine or device."""

    exit_code = INFRASTRUCTURE


class StopRequestedError(StageError):
    """SIGINT or SIGTERM arrived; the state is on disk."""

    def __init__(self, signal_number: int) -> None:
        super().__init__("stopped; run the same command again to resume")
        self.exit_code = 128 + signal_number
