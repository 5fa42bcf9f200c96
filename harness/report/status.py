"""Whether a timing counts, in words: the reasons of docs/contract.md as a reader may take them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from harness.report.document import Span, Text, noted
from harness.report.measured import Timing, Workload

REASONS: Mapping[str, tuple[str, str]] = {
    "foreign-process": ("a foreign process", "another program used the cores or the GPU while the clock ran"),
    "throttled": ("throttled", "the processor or the container was slowed down while the clock ran"),
    "synchronization": ("no proof of synchronisation", "it is not proved that the clock waited for the device"),
    "predictions-differ": (
        "the predictions differ",
        "the timed forward predicts other labels than the reference, so its speed is that of another computation",
    ),
    "impossible-flops": ("impossibly fast", "the arithmetic would have run faster than this device can"),
    "not-growing-with-batch": ("no growth with the batch", "more rows took no longer, so not the rows were timed"),
    "too-few-calls": ("too few calls", "fewer calls or rounds were timed than the protocol asks for"),
    "load": ("a busy machine", "the cores were busy before a round began, or the hypervisor took time from them"),
    "drift": ("drift", "the rounds grow slower or faster from first to last"),
    "rounds-disagree": ("rounds disagree", "the rounds, fresh processes all, lie too far apart"),
    "not-warm": ("not warm", "times were still changing when the warm-up ended"),
    "outliers": ("outliers", "too many calls took far longer or shorter than calls like them"),
}
"""Code of a reason -> its words, and what it means. A code that is not here is shown as it is."""

BADGES: Mapping[str, Literal["good", "caution", "bad"]] = {"valid": "good", "unstable": "caution", "invalid": "bad"}


def words(code: str) -> str:
    return REASONS.get(code, (code.replace("-", " "), ""))[0]


def why(timing: Timing) -> str:
    """`unstable: rounds disagree (their medians vary by 7.1 %)`; empty for a valid timing."""
    if timing.valid:
        return ""
    found = "; ".join(f"{words(reason.code)} ({reason.detail})" for reason in timing.reasons)
    return f"{timing.status}: {found}" if found else timing.status


def reasons(timing: Timing) -> str:
    """`rounds disagree: their medians vary by 7.1 %; drift: ...`, to stand beside or below the status."""
    return "; ".join(f"{words(reason.code)}: {reason.detail}" for reason in timing.reasons)


def refusal(timing: Timing) -> Text:
    """What stands in place of a timing that is no result."""
    found = reasons(timing)
    badge = Span(timing.status, BADGES.get(timing.status, "bad"))
    return (badge, Span(found, "note")) if found else (badge,)


def shown(timing: Timing, number: str, note: str = "") -> Text:
    """A valid timing's number with its note, or why there is none."""
    return noted(number, note) if timing.valid else refusal(timing)


def label(workload: Workload) -> str:
    """Everything that tells a workload from the others."""
    return f"{workload.model}, {workload.runtime}, {workload.precision}, {workload.inputs}"
