"""The pipeline's stages, in their order, and whose artifacts each reads (docs/contract.md)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

_EARLIER: dict[str, tuple[str, ...]] = {
    "prepare": (),
    "teacher": ("prepare",),
    "augment": ("prepare",),
    "distill": ("prepare", "teacher", "augment"),
    "evaluate": ("prepare", "teacher", "distill"),
    "measure": ("prepare", "teacher", "distill"),
    "export": ("prepare", "distill"),
}
STAGES = tuple(_EARLIER)
OPTIONAL = ("augment",)
"""Stages that a cell may leave out, and those after them do without."""
NO_AUGMENTATION = "none"
AUGMENTATIONS = (NO_AUGMENTATION, "published", "paper")
"""What a cell may be asked for: no augmentation, or a mode of the stage augment."""


def earlier_stages(stage: str, options: Mapping[str, Any], planned: Collection[str] = STAGES) -> tuple[str, ...]:
    """The stages that a stage with these options reads from: `measure` with models of its own needs no trained ones.

    Of the optional ones those that are `planned`.
    """
    if stage == "measure" and options.get("models"):
        return ("prepare",)
    return tuple(each for each in _EARLIER[stage] if each not in OPTIONAL or each in planned)
