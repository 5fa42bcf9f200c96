"""The learning rate of a step."""

from __future__ import annotations


def learning_rate(step: int, steps: int, peak: float, warmup_fraction: float, decay: str) -> float:
    """Linear warm-up from 0 over the first `warmup_fraction` of the steps, then linear decay to 0, or constant.

    `step` counts from 0; the first step already moves (as transformers' schedules do one step later). BERT, appendix A.2.
    """
    warmup = max(1, round(steps * warmup_fraction)) if warmup_fraction else 0
    if step < warmup:
        return peak * (step + 1) / warmup
    if decay == "constant":
        return peak
    return peak * (steps - step) / max(1, steps - warmup)
