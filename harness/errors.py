"""What ends a command early: one short message (what, where, what to do) and an exit code."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of both packages (docs/contract.md). A stop by a signal is 128 + the signal's number."""

    DONE = 0
    REGRESSION = 1
    BAD_INPUT = 2
    UNSTABLE = 3
    INFRASTRUCTURE = 4
    INTERRUPTED = 130
    TERMINATED = 143


class HarnessError(Exception):
    """Shown to the user as one message, without a traceback."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code


class UsageError(HarnessError):
    """The command, a suite, the data or the weights are not what they should be."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ExitCode.BAD_INPUT)


class InfrastructureError(HarnessError):
    """Disk, memory, network, permission, a missing engine or device, or a fault of the harness itself."""

    def __init__(self, message: str) -> None:
        super().__init__(message, ExitCode.INFRASTRUCTURE)
