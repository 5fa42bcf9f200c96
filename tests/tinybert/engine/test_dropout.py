from __future__ import annotations

import numpy as np

from tinybert import engine as E

ONES = np.ones((200, 500), np.float32)


def _dropped(probability: float = 0.1) -> np.ndarray:
    return E.to_numpy(E.dropout(E.tensor(ONES, "cpu"), probability, training=True))


def test_two_layers_draw_different_masks() -> None:
    """OneFlow's `nn.Dropout` gives every layer the same mask, in every run."""
    E.seed(1)
    assert not np.array_equal(_dropped(), _dropped())


def test_seed_decides_the_masks() -> None:
    E.seed(1)
    first = [_dropped(), _dropped()]
    E.seed(1)
    np.testing.assert_array_equal(first, [_dropped(), _dropped()])
    E.seed(2)
    assert not np.array_equal(first[0], _dropped())


def test_probability_and_scale() -> None:
    """100,000 draws: the share of zeros is within five standard deviations of 0.1, and what is kept is scaled by 1 / 0.9."""
    E.seed(3)
    found = _dropped()
    assert abs(float(np.mean(found == 0.0)) - 0.1) < 5 * np.sqrt(0.1 * 0.9 / found.size)
    kept = np.unique(found[found != 0.0])
    np.testing.assert_allclose(kept, 1 / 0.9, rtol=1e-4)


def test_neighbours_drop_independently() -> None:
    """The correlation of a mask with itself one place on, down and at another layer is that of independent draws."""
    E.seed(4)
    first, second = _dropped() == 0.0, _dropped() == 0.0
    for a, b in ((first[:, 1:], first[:, :-1]), (first[1:], first[:-1]), (first, second)):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 5 / np.sqrt(a.size)


def test_nothing_drops_in_evaluation() -> None:
    tensor = E.tensor(ONES, "cpu")
    assert E.dropout(tensor, 0.5, training=False) is tensor
    assert E.dropout(tensor, 0.0, training=True) is tensor


def test_gradient_flows_through_what_was_kept() -> None:
    E.seed(5)
    parameter = E.parameter(ONES, "cpu")
    dropped = E.dropout(parameter, 0.3, training=True)
    E.backward(dropped.sum())
    np.testing.assert_array_equal(E.to_numpy(parameter.grad), E.to_numpy(dropped))
