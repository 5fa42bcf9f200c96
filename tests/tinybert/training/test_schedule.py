from __future__ import annotations

import pytest

from tinybert.training.schedule import learning_rate


def rates(steps: int, warmup_fraction: float, decay: str) -> list[float]:
    return [learning_rate(step, steps, 1.0, warmup_fraction, decay) for step in range(steps)]


def test_linear_by_hand() -> None:
    assert rates(10, 0.2, "linear") == pytest.approx([0.5, 1, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125])


def test_constant_after_the_warmup() -> None:
    assert rates(5, 0.4, "constant") == pytest.approx([0.5, 1, 1, 1, 1])


def test_no_warmup() -> None:
    assert rates(4, 0, "linear") == pytest.approx([1, 0.75, 0.5, 0.25])
    assert rates(4, 0, "constant") == [1, 1, 1, 1]


def test_all_warmup_ends_at_the_peak() -> None:
    assert rates(4, 1, "linear") == pytest.approx([0.25, 0.5, 0.75, 1])


def test_scales_with_the_peak() -> None:
    assert learning_rate(3, 10, 2e-5, 0.2, "linear") == pytest.approx(2e-5 * 0.875)


@pytest.mark.engine("torch")
@pytest.mark.parametrize(("steps", "warmup"), [(10, 2), (100, 10), (7, 0)])
def test_transformers_schedule_but_for_its_idle_first_step(steps: int, warmup: int) -> None:
    """transformers starts at 0 and so wastes its first step; here the warm-up is one step ahead, the decay the same."""
    transformers = pytest.importorskip("transformers")
    import torch

    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = transformers.get_linear_schedule_with_warmup(optimizer, warmup, steps)
    theirs = []
    for _ in range(steps):
        theirs.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    ours = rates(steps, warmup / steps, "linear")
    assert ours[:warmup] == pytest.approx(theirs[1 : warmup + 1])
    assert ours[warmup:] == pytest.approx(theirs[warmup:])
