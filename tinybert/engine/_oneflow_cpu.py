"""Three operations that OneFlow 0.9.0 does slowly on the CPU, done otherwise with the same result. Times: docs/engines.md."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinybert.engine._oneflow_loading import load

flow, mkl = load()

# Bernoulli draws compare 16 random bits, so a probability is met to within 2^-17, and the kept values are scaled by what was met.
_DRAWS = 1 << 16


class DropoutMasks:
    """Inverted-dropout masks from NumPy's generator: OneFlow's Mersenne Twister draws one value at a time."""

    def __init__(self) -> None:
        self.seed(0)

    def seed(self, number: int) -> None:
        self._bits = np.random.Generator(np.random.SFC64(number))

    def draw(self, shape: tuple[int, ...], probability: float) -> Any:
        """A float32 tensor: 0 with the probability, else 1 / (1 - probability)."""
        dropped = round(probability * _DRAWS)
        draws = np.frombuffer(self._bits.bytes(2 * math.prod(shape)), np.uint16).reshape(shape)
        return flow.from_numpy(np.multiply(draws >= dropped, np.float32(_DRAWS / (_DRAWS - dropped)), dtype=np.float32))


class Gelu(flow.autograd.Function):  # type: ignore[misc, name-defined]
    """x * Phi(x) for the normal distribution function Phi; its slope is Phi(x) + x exp(-x^2 / 2) / sqrt(2 pi).

    OneFlow's kernel calls libm once per element, in double precision on the way back. The slope is taken on the way forth,
    while x is in the caches.
    """

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        values = x.numpy()
        phi = mkl.normal_cdf(values)
        slope = np.multiply(values, values)
        slope *= -0.5
        np.exp(slope, out=slope)
        slope *= 1.0 / math.sqrt(2.0 * math.pi)
        slope *= values
        slope += phi
        phi *= values
        ctx.save_for_backward(flow.from_numpy(slope))
        return flow.from_numpy(phi)

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> Any:
        (slope,) = ctx.saved_tensors
        return gradient * slope


def gelu_without_gradient(x: Any) -> Any:
    values = x.numpy()
    phi = mkl.normal_cdf(values)
    phi *= values
    return flow.from_numpy(phi)


def layer_norm(x: Any, weight: Any, bias: Any, eps: float) -> Any:
    """OneFlow composes it of broadcasts over the last dimension, its slowest. Batch norm with the rows as channels is the same."""
    rows = x.reshape(1, -1, x.shape[-1])
    normal = flow.nn.functional.batch_norm(rows, None, None, None, None, True, 0.1, eps)
    return normal.reshape(x.shape) * weight + bias
