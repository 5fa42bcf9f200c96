"""Values and gradients against NumPy in double precision."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from tinybert import engine as E

RNG = np.random.default_rng(0)
Array = np.ndarray


def _draw(*shape: int) -> Array:
    return RNG.standard_normal(shape).astype(np.float32)


def _check(
    operation: Callable[..., E.Tensor],
    reference: Callable[..., Array],
    inputs: Sequence[Array],
    tolerance: float = 2e-5,
) -> None:
    """Values, and the gradients of a weighted sum by central differences of the reference."""
    parameters = [E.parameter(array, "cpu") for array in inputs]
    found = operation(*parameters)
    exact = [array.astype(np.float64) for array in inputs]
    expected = reference(*exact)
    np.testing.assert_allclose(E.to_numpy(found), expected, atol=tolerance)
    weights = RNG.standard_normal(expected.shape)
    E.backward((found * E.tensor(weights.astype(np.float32), "cpu")).sum())
    weights = weights.astype(np.float32).astype(np.float64)
    step = 1e-5
    for parameter, array in zip(parameters, exact, strict=True):
        gradient = E.to_numpy(parameter.grad)
        for index in RNG.choice(array.size, min(array.size, 25), replace=False):
            place = np.unravel_index(index, array.shape)
            kept = array[place]
            sums = []
            for moved in (kept + step, kept - step):
                array[place] = moved
                sums.append(float((reference(*exact) * weights).sum()))
            array[place] = kept
            assert abs(gradient[place] - (sums[0] - sums[1]) / (2 * step)) < 20 * tolerance


def _softmax(x: Array) -> Array:
    powers = np.exp(x - x.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


def _gelu(x: Array) -> Array:
    return np.asarray(x * 0.5 * (1.0 + np.vectorize(math.erf)(x / math.sqrt(2.0))))


def _layer_norm(x: Array, weight: Array, bias: Array) -> Array:
    centred = x - x.mean(-1, keepdims=True)
    return np.asarray(centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12) * weight + bias)


def test_linear() -> None:
    _check(E.linear, lambda x, w, b: x @ w.T + b, [_draw(2, 3, 8), _draw(5, 8), _draw(5)])


def test_gelu() -> None:
    _check(E.gelu, _gelu, [_draw(3, 5, 7) * 3])


def test_gelu_in_the_tails_and_without_a_graph() -> None:
    x = np.linspace(-12, 12, 4801, dtype=np.float32)
    with E.no_grad():
        found = E.gelu(E.tensor(x, "cpu"))
    np.testing.assert_allclose(E.to_numpy(found), _gelu(x.astype(np.float64)), atol=1e-6)
    assert not found.requires_grad


def test_layer_norm() -> None:
    _check(lambda x, w, b: E.layer_norm(x, w, b, 1e-12), _layer_norm, [_draw(2, 3, 16) * 4 + 1, _draw(16), _draw(16)])


def test_softmax_and_log_softmax() -> None:
    _check(E.softmax, _softmax, [_draw(2, 3, 9)])
    _check(E.log_softmax, lambda x: np.log(_softmax(x)), [_draw(2, 3, 9)])


def test_tanh() -> None:
    _check(E.tanh, np.tanh, [_draw(4, 6)])


def test_embedding_adds_the_gradients_of_repeated_ids() -> None:
    ids = np.array([[0, 4, 4], [4, 1, 0]])
    _check(lambda table: E.embedding(table, E.tensor(ids, "cpu")), lambda table: table[ids], [_draw(5, 6)])


def test_cross_entropy() -> None:
    labels = np.array([1, 0, 2])
    _check(
        lambda logits: E.cross_entropy(logits, E.tensor(labels, "cpu")),
        lambda logits: -np.log(_softmax(logits)[np.arange(3), labels]).mean(),
        [_draw(3, 4)],
    )


def _attention(query: Array, key: Array, value: Array, mask: Array) -> tuple[Array, Array]:
    scores = query @ key.swapaxes(-1, -2) / math.sqrt(query.shape[-1])
    return _softmax(scores + mask) @ value, scores


def test_attention() -> None:
    """Scores are those before the mask; padded keys get no weight; the context alone is the same context."""
    mask = np.zeros((2, 1, 1, 6), np.float32)
    mask[1, ..., 4:] = -10000.0
    device_mask = E.tensor(mask, "cpu")
    inputs = [_draw(2, 3, 6, 5), _draw(2, 3, 6, 5), _draw(2, 3, 6, 5)]
    exact = mask.astype(np.float64)

    def with_scores(query: E.Tensor, key: E.Tensor, value: E.Tensor) -> tuple[E.Tensor, E.Tensor]:
        return E.attention_with_scores(query, key, value, device_mask, 0.1, training=False)

    _check(lambda q, k, v: with_scores(q, k, v)[0], lambda q, k, v: _attention(q, k, v, exact)[0], inputs)
    _check(
        lambda q, k, v: with_scores(q, k, v)[1] + 0.0 * v.sum(), lambda q, k, v: _attention(q, k, v, exact)[1], inputs
    )
    _check(
        lambda q, k, v: E.attention(q, k, v, device_mask, 0.1, training=False),
        lambda q, k, v: _attention(q, k, v, exact)[0],
        inputs,
    )
