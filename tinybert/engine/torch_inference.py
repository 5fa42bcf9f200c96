"""PyTorch's fastest linear layers for inference, by precision. Shapes: O outputs, I inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["InferenceLinear", "as_float32", "inference_absence", "inference_linear", "inference_tensor"]

InferenceLinear: TypeAlias = Callable[[Tensor, bool], Tensor]
"""(x [..., I], whether the exact GELU follows) -> [..., O]."""

# int8 is in the products alone: what lies between them stays float32.
_ACTIVATIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "int8": torch.float32}


def inference_absence(precision: str, device: str) -> str:
    """Why there is no inference in this precision on this device; empty where there is."""
    if precision == "int8" and device.startswith("cuda"):
        return "PyTorch's int8 linear kernels are for the CPU"
    return ""


def inference_tensor(array: np.ndarray, precision: str, device: str) -> Tensor:
    """A copy of a float array on the device, in the element type that activations have in this precision."""
    return torch.tensor(array, device=device, dtype=_ACTIVATIONS[precision])


def as_float32(x: Tensor) -> Tensor:
    """Logits in an element type that NumPy has."""
    return x.float()


def inference_linear(weight: np.ndarray, bias: np.ndarray, precision: str, device: str) -> InferenceLinear:
    """x weight^T + bias for weight [O, I] and bias [O], prepared once for many calls.

    float32 and bfloat16 on a CPU: oneDNN with the weight in its own blocked layout and the GELU fused, which PyTorch's compiler uses
    too (in one run on two AVX-512 cores, 208 GFLOP/s against 141 by PyTorch's default product). int8: dynamic quantisation, weights by
    output channel and symmetric, activations by tensor in each call.
    """
    if precision == "int8":
        return _int8(weight, bias)
    dtype = _ACTIVATIONS[precision]
    weights, biases = (torch.tensor(array, device=device, dtype=dtype) for array in (weight, bias))
    if device.startswith("cuda") or not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return lambda x, gelu: F.gelu(F.linear(x, weights, biases)) if gelu else F.linear(x, weights, biases)
    packed = torch.ops.mkldnn._reorder_linear_weight(weights)

    def apply(x: Tensor, gelu: bool) -> Tensor:
        activation: tuple[Any, ...] = ("gelu", [], "none") if gelu else ("none", [], "")
        product: Tensor = torch.ops.mkldnn._linear_pointwise(x, packed, biases, *activation)
        return product

    return apply


def _int8(weight: np.ndarray, bias: np.ndarray) -> InferenceLinear:
    weights = torch.tensor(weight, dtype=torch.float32)
    scales = weights.abs().amax(dim=1).clamp(min=1e-8) / 127.0
    zeros = torch.zeros(len(scales), dtype=torch.int64)
    quantized = torch.quantize_per_channel(weights, scales, zeros, 0, torch.qint8)
    packed = torch.ops.quantized.linear_prepack(quantized, torch.tensor(bias, dtype=torch.float32))

    def apply(x: Tensor, gelu: bool) -> Tensor:
        product: Tensor = torch.ops.quantized.linear_dynamic(x, packed, False)
        return F.gelu(product) if gelu else product

    return apply
