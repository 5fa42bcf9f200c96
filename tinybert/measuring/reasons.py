"""The closed list of reasons why a timing may not be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

VALID, UNSTABLE, INVALID = "valid", "unstable", "invalid"


@dataclass(frozen=True)
class Kind:
    """What a reason does: the status it gives, whether measuring again may cure it, and what it means."""

    status: str
    transient: bool
    meaning: str


REASONS: dict[str, Kind] = {
    "foreign-process": Kind(INVALID, True, "Another program used the cores or the GPU while the clock ran."),
    "throttled": Kind(INVALID, True, "The processor or the container was slowed down while the clock ran."),
    "synchronization": Kind(INVALID, False, "It is not proved that the clock waited for the device."),
    "predictions-differ": Kind(INVALID, False, "The timed forward predicts other labels than the reference."),
    "impossible-flops": Kind(INVALID, False, "The arithmetic would have run faster than this device can."),
    "not-growing-with-batch": Kind(INVALID, False, "Time did not grow with the batch."),
    "too-few-calls": Kind(INVALID, False, "Fewer calls or rounds were timed than the protocol asks for."),
    "load": Kind(UNSTABLE, True, "The cores were busy before the round began, or the hypervisor took time from them."),
    "drift": Kind(UNSTABLE, True, "The rounds grow slower or faster from first to last."),
    "rounds-disagree": Kind(UNSTABLE, True, "The rounds lie too far apart."),
    "not-warm": Kind(UNSTABLE, True, "Times were still changing when the warm-up ended."),
    "outliers": Kind(UNSTABLE, True, "Too many calls took far longer or shorter than calls like them."),
}
"""Code -> kind: every reason there is, the worst first."""


@dataclass(frozen=True)
class Reason:
    """Raises ValueError for a code that is not in `REASONS`."""

    code: str
    detail: str

    def __post_init__(self) -> None:
        if self.code not in REASONS:
            raise ValueError(f"unknown reason {self.code!r}: one of {', '.join(REASONS)}")

    @property
    def kind(self) -> Kind:
        return REASONS[self.code]


def merged(found: Sequence[Reason]) -> tuple[Reason, ...]:
    """One reason a code, the worst first, with the details of all."""
    details = {code: [reason.detail for reason in found if reason.code == code] for code in REASONS}
    return tuple(Reason(code, "; ".join(parts)) for code, parts in details.items() if parts)
