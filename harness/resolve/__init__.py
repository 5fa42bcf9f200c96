"""What a run stands on: data, weights, engine, device, environments. Nothing here falls back silently."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Resolution:
    """One choice as the terminal and the report show it. `fallback`: a stand-in, which STRICT=1 makes an error."""

    what: str
    choice: str
    reason: str
    fallback: bool
