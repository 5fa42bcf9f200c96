"""PyTorch 2 under the seam's names, and the reference for their meaning. Shapes: B batch, L length, A heads, d width of a head."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any, TypeAlias

# cuBLAS is deterministic only with a fixed workspace, and reads this when it is loaded.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, no_grad
from torch.nn import Parameter

from tinybert.device import cpu_name
from tinybert.engine.torch_inference import (
    InferenceLinear,
    as_float32,
    inference_absence,
    inference_linear,
    inference_tensor,
)
from tinybert.engine_checks import check_ids, check_labels
from tinybert.errors import InfrastructureError

__all__ = [
    "NAME",
    "Adam",
    "InferenceLinear",
    "NamedParameters",
    "Parameter",
    "Tensor",
    "as_float32",
    "assign",
    "attention",
    "attention_with_scores",
    "backward",
    "check_ids",
    "check_labels",
    "clip_grad_norm",
    "cross_entropy",
    "device_name",
    "dropout",
    "embedding",
    "gelu",
    "inference_absence",
    "inference_linear",
    "inference_tensor",
    "layer_norm",
    "linear",
    "log_softmax",
    "no_grad",
    "parameter",
    "seed",
    "setup",
    "softmax",
    "synchronize",
    "tanh",
    "tensor",
    "to_numpy",
    "topk",
    "version",
]

NAME = "torch"
# Up to so many keys plain products beat PyTorch's fused attention on a CPU where freed memory is kept (32 rows, 12 heads of 26: 1.0
# against 2.1 ms at 32 keys, 1.4 against 3.8 at 36, 2.3 against 3.1 at 48, 3.8 against 4.3 at 55, 15 against 13 at 128; two AVX-512 cores).
SHORT_KEYS = 48
NamedParameters: TypeAlias = Sequence[tuple[str, Parameter]]


def version() -> str:
    return str(torch.__version__)


def setup(device: str, threads: int) -> None:
    """Check the device and make the process deterministic. Raises InfrastructureError where the device cannot be used."""
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise InfrastructureError(
            f"DEVICE={device}, but PyTorch {version()} sees no CUDA device: "
            "check the driver with nvidia-smi, or run with DEVICE=cpu"
        )
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    # A debugging aid that comes with it: 5 % of a training step spent on filling memory that is written at once.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def device_name(device: str) -> str:
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else cpu_name()


def synchronize(device: str) -> None:
    """Return when all work queued on the device is done. PyTorch's CPU kernels are synchronous."""
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)


def seed(number: int) -> None:
    """Seed dropout. Called before every training step, so that a resumed run draws what an undisturbed one draws."""
    torch.manual_seed(number)


def tensor(array: np.ndarray, device: str) -> Tensor:
    """A copy of the array on the device, of the same element type."""
    return torch.tensor(array, device=device)


def parameter(array: np.ndarray, device: str) -> Parameter:
    """A trainable float32 copy of the array."""
    return Parameter(torch.tensor(array, device=device, dtype=torch.float32))


def assign(target: Parameter, array: np.ndarray) -> None:
    """Copy the array into the parameter, in place."""
    with no_grad():
        target.copy_(torch.tensor(array, device=target.device))


def to_numpy(value: Tensor) -> np.ndarray:
    """A copy, taken when all work on it is done."""
    return np.array(value.detach().cpu().numpy())


def embedding(weight: Tensor, ids: Tensor) -> Tensor:
    """Rows of weight [V, H] at ids [B, L] -> [B, L, H]. Ids were checked on the host (`check_ids`)."""
    return F.embedding(ids, weight)


def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return F.linear(x, weight, bias)


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    return F.layer_norm(x, (x.shape[-1],), weight, bias, eps)


def gelu(x: Tensor) -> Tensor:
    """x * Phi(x), exact (erf), as BERT's `gelu`."""
    return F.gelu(x)


def dropout(x: Tensor, probability: float, training: bool) -> Tensor:
    return F.dropout(x, probability, training) if training and probability else x


def softmax(x: Tensor) -> Tensor:
    """Over the last dimension."""
    return torch.softmax(x, dim=-1)


def log_softmax(x: Tensor) -> Tensor:
    """Over the last dimension."""
    return F.log_softmax(x, dim=-1)


def tanh(x: Tensor) -> Tensor:
    return torch.tanh(x)


def topk(x: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The `count` largest values of each row of x [B, V] and their places, largest first, equal ones in any order: both [B, count]."""
    values, places = torch.topk(x, count)
    return values, places


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean over the batch; logits [B, C], labels int64 [B] (checked on the host: `check_labels`)."""
    return F.cross_entropy(logits, labels)


def attention_with_scores(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, probability: float, training: bool
) -> tuple[Tensor, Tensor]:
    """Context [B, A, L, d] and scores [B, A, L, L] = query key^T / sqrt(d), before the mask and before the softmax.

    query, key, value: [B, A, L, d]; mask: float32 [B, 1, 1, L], 0 at real keys and -10000 at padding, added to the scores.
    """
    scores = torch.matmul(query, key.transpose(-1, -2)) / math.sqrt(query.shape[-1])
    probabilities = dropout(torch.softmax(scores if mask is None else scores + mask, dim=-1), probability, training)
    return torch.matmul(probabilities, value), scores


def attention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, probability: float, training: bool
) -> Tensor:
    """The context alone, by the engine's fastest kernel. Arguments as for `attention_with_scores`; no mask: no row is padded."""
    if not training and query.device.type == "cpu" and key.shape[-2] <= SHORT_KEYS:
        scores = torch.matmul(query * (1 / math.sqrt(query.shape[-1])), key.transpose(-1, -2))
        return torch.matmul(torch.softmax(scores if mask is None else scores.add_(mask), dim=-1), value)
    return F.scaled_dot_product_attention(query, key, value, mask, dropout_p=probability if training else 0.0)


def backward(loss: Tensor) -> None:
    """Add the gradients of a scalar to its parameters'."""
    torch.autograd.backward(loss)


class Adam:
    """AdamW: decoupled weight decay, bias-corrected moments.

    Its state crosses engines as arrays: `exp_avg.NAME`, `exp_avg_sq.NAME` and `step`.
    """

    def __init__(
        self,
        decayed: NamedParameters,
        undecayed: NamedParameters,
        weight_decay: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
    ) -> None:
        self._named = [*decayed, *undecayed]
        groups: list[dict[str, Any]] = [
            {"params": [p for _, p in decayed], "weight_decay": weight_decay},
            {"params": [p for _, p in undecayed], "weight_decay": 0.0},
        ]
        self._optimizer = torch.optim.AdamW(groups, lr=0.0, betas=betas, eps=eps, fused=True)

    def step(self, learning_rate: float) -> None:
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate
        self._optimizer.step()

    def zero_grad(self) -> None:
        self._optimizer.zero_grad(set_to_none=True)

    def state(self) -> dict[str, np.ndarray]:
        arrays: dict[str, np.ndarray] = {}
        for name, parameter in self._named:
            moments = self._optimizer.state.get(parameter)
            if moments:
                arrays[f"exp_avg.{name}"] = to_numpy(moments["exp_avg"])
                arrays[f"exp_avg_sq.{name}"] = to_numpy(moments["exp_avg_sq"])
                arrays["step"] = to_numpy(moments["step"])
        return arrays

    def load_state(self, arrays: dict[str, np.ndarray]) -> None:
        for name, parameter in self._named:
            if f"exp_avg.{name}" in arrays:
                self._optimizer.state[parameter] = {
                    "step": torch.tensor(float(arrays["step"]), device=parameter.device),
                    "exp_avg": torch.tensor(arrays[f"exp_avg.{name}"], device=parameter.device),
                    "exp_avg_sq": torch.tensor(arrays[f"exp_avg_sq.{name}"], device=parameter.device),
                }


def clip_grad_norm(parameters: Sequence[Parameter], max_norm: float) -> None:
    """Scale all gradients so that their global 2-norm is at most `max_norm`."""
    torch.nn.utils.clip_grad_norm_(parameters, max_norm)
