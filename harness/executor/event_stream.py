"""A stage's stdout as events. What is none goes to the log and disturbs nothing: `result.json` alone decides."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import IO

from harness.executor.base import Event
from harness.schema_check import contract_validator

MAX_LINE_BYTES = 1 << 20


class EventStream:
    def __init__(self, log: IO[bytes], on_event: Callable[[Event], None]) -> None:
        self._log = log
        self._on_event = on_event
        self._pending = b""
        self._validator = contract_validator("event.schema.json")
        self.error: Event | None = None
        """The last `error` event."""

    def feed(self, block: bytes) -> None:
        """Take bytes as they come; every whole line is handled at once."""
        *lines, self._pending = (self._pending + block).split(b"\n")
        if len(self._pending) > MAX_LINE_BYTES:
            lines.append(self._pending)
            self._pending = b""
        for line in lines:
            self._take(line)

    def close(self) -> None:
        """The stage has ended: what is left is a line without its end."""
        if self._pending:
            self._take(self._pending)
            self._pending = b""

    def _take(self, line: bytes) -> None:
        try:
            event = json.loads(line)
        except ValueError:
            event = None
        if event is None or not self._validator.is_valid(event):
            self._log.write(b"[not an event] " + line[:MAX_LINE_BYTES] + b"\n")
            self._log.flush()
            return
        if event["event"] == "error":
            self.error = event
        self._on_event(event)
