"""Linear layers for inference on OneFlow 0.9.0, in float32: it has matrix products for nothing smaller on a CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from tinybert.engine import _oneflow_cpu as cpu

flow = cpu.flow
F = flow.nn.functional
if TYPE_CHECKING:  # OneFlow ships no types
    Tensor: TypeAlias = Any
else:
    Tensor = flow.Tensor

__all__ = ["InferenceLinear", "as_float32", "inference_absence", "inference_linear", "inference_tensor"]

InferenceLinear: TypeAlias = Callable[[Tensor, bool], Tensor]
"""(x [..., I], whether the exact GELU follows) -> [..., O]."""


def inference_absence(precision: str, device: str) -> str:  # noqa: ARG001
    """Why there is no inference in this precision; empty where there is."""
    return "" if precision == "float32" else f"OneFlow 0.9.0 has no {precision} matrix product"


def inference_tensor(array: np.ndarray, precision: str, device: str) -> Tensor:  # noqa: ARG001
    """A float32 copy of the array on the device."""
    return flow.tensor(array, device=device, dtype=flow.float32)


def as_float32(x: Tensor) -> Tensor:
    """Logits in an element type that NumPy has."""
    return x


def inference_linear(weight: np.ndarray, bias: np.ndarray, precision: str, device: str) -> InferenceLinear:
    """x weight^T + bias for weight [O, I] and bias [O]."""
    weights, biases = (inference_tensor(array, precision, device) for array in (weight, bias))

    def apply(x: Tensor, gelu: bool) -> Tensor:
        product = F.linear(x, weights, biases)
        if not gelu:
            return product
        return F.gelu(product) if product.is_cuda else cpu.gelu_without_gradient(product)

    return apply
