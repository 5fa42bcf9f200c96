"""The pipeline's stages, in their order, and whose artifacts each reads (docs/contract.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_EARLIER: dict[str, tuple[str, ...]] = {
    "prepare": (),
    "teacher": ("prepare",),
    "distill": ("prepare", "teacher"),
    "evaluate": ("prepare", "teacher", "distill"),
    "measure": ("prepare", "teacher", "distill"),
    "export": ("prepare", "distill"),
}
STAGES = tuple(_EARLIER)


def earlier_stages(stage: str, options: Mapping[str, Any]) -> tuple[str, ...]:
    """The stages that a stage with these options reads from: `measure` with models of its own needs no trained ones."""
    return ("prepare",) if stage == "measure" and options.get("models") else _EARLIER[stage]
