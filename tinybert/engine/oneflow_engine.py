"""OneFlow 0.9.0 under the seam's names; `torch_engine` is the reference for their meaning.

Shapes: B batch, L length, A heads, d width of a head. What is unlike PyTorch here has a reason in docs/engines.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from tinybert.device import cpu_name
from tinybert.engine import _oneflow_cpu as cpu
from tinybert.engine.oneflow_inference import (
    InferenceLinear,
    as_float32,
    inference_absence,
    inference_linear,
    inference_tensor,
)
from tinybert.engine_checks import check_ids, check_labels
from tinybert.errors import InfrastructureError

flow = cpu.flow
F = flow.nn.functional
if TYPE_CHECKING:  # OneFlow ships no types
    Tensor: TypeAlias = Any
    Parameter: TypeAlias = Any
else:
    Tensor = flow.Tensor
    Parameter = flow.nn.Parameter
no_grad = flow.no_grad

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

NAME = "oneflow"
_masks = cpu.DropoutMasks()
NamedParameters: TypeAlias = Sequence[tuple[str, Parameter]]


def version() -> str:
    return str(flow.__version__)


def setup(device: str, threads: int) -> None:
    """Check the device before OneFlow touches it, which would abort the process. Raises InfrastructureError."""
    if device.startswith("cuda") and not flow.cuda.is_available():
        raise InfrastructureError(
            f"DEVICE={device}, but OneFlow {version()} sees no CUDA device: "
            "check the driver with nvidia-smi, or run with DEVICE=cpu"
        )
    cpu.mkl.set_threads(threads)


def device_name(device: str) -> str:
    return str(flow.cuda.get_device_name(device)) if device.startswith("cuda") else cpu_name()


def synchronize(device: str) -> None:  # noqa: ARG001
    """Return when all queued work is done. OneFlow's kernels are asynchronous on the CPU too."""
    flow._oneflow_internal.eager.Sync()


def seed(number: int) -> None:
    """Seed dropout. Called before every training step, so that a resumed run draws what an undisturbed one draws."""
    flow.manual_seed(number)
    _masks.seed(number)


def tensor(array: np.ndarray, device: str) -> Tensor:
    """A copy of the array on the device, of the same element type."""
    return flow.tensor(array, device=device)


def parameter(array: np.ndarray, device: str) -> Parameter:
    """A trainable float32 copy of the array."""
    return flow.nn.Parameter(flow.tensor(array, device=device, dtype=flow.float32))


def assign(target: Parameter, array: np.ndarray) -> None:
    """Copy the array into the parameter, in place."""
    with no_grad():
        target.copy_(flow.tensor(array, device=target.device))


def to_numpy(value: Tensor) -> np.ndarray:
    """A copy, taken when all work on it is done: OneFlow's own `numpy()` is a live view of the tensor."""
    return np.array(value.detach().numpy())


def embedding(weight: Tensor, ids: Tensor) -> Tensor:
    """Rows of weight [V, H] at ids [B, L] -> [B, L, H]. Ids were checked on the host (`check_ids`)."""
    return F.embedding(ids, weight)


def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return F.linear(x, weight, bias)


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    return F.layer_norm(x, (x.shape[-1],), weight, bias, eps) if x.is_cuda else cpu.layer_norm(x, weight, bias, eps)


def gelu(x: Tensor) -> Tensor:
    """x * Phi(x), exact (erf), as BERT's `gelu`."""
    if x.is_cuda:
        return F.gelu(x)
    return cpu.Gelu.apply(x) if x.requires_grad and flow.is_grad_enabled() else cpu.gelu_without_gradient(x)


def dropout(x: Tensor, probability: float, training: bool) -> Tensor:
    """Never by `nn.Dropout`: each owns a generator with one fixed seed, so that all of them drop alike and ignore `seed`."""
    if not (training and probability):
        return x
    return F.dropout(x, probability) if x.is_cuda else x * _masks.draw(tuple(x.shape), probability)


def softmax(x: Tensor) -> Tensor:
    """Over the last dimension."""
    return F.softmax(x, dim=-1)


def log_softmax(x: Tensor) -> Tensor:
    """Over the last dimension."""
    return F.log_softmax(x, dim=-1)


def tanh(x: Tensor) -> Tensor:
    return flow.tanh(x)


def topk(x: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The `count` largest values of each row of x [B, V] and their places, largest first, equal ones in any order: both [B, count]."""
    values, places = flow.topk(x, count, dim=-1)
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
    scores = flow.matmul(query * (1.0 / math.sqrt(query.shape[-1])), key, transpose_b=True)
    probabilities = dropout(F.softmax(scores if mask is None else scores + mask, dim=-1), probability, training)
    return flow.matmul(probabilities, value), scores


def attention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, probability: float, training: bool
) -> Tensor:
    """The context alone. Arguments as for `attention_with_scores`; no mask: no row is padded."""
    return attention_with_scores(query, key, value, mask, probability, training)[0]


def backward(loss: Tensor) -> None:
    """Add the gradients of a scalar to its parameters'."""
    loss.backward()


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
        groups = [
            {"params": [p for _, p in decayed], "weight_decay": weight_decay},
            {"params": [p for _, p in undecayed], "weight_decay": 0.0},
        ]
        self._optimizer = flow.optim.AdamW(groups, lr=0.0, betas=betas, eps=eps)

    def step(self, learning_rate: float) -> None:
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate
        self._optimizer.step()

    def zero_grad(self) -> None:
        self._optimizer.zero_grad(set_to_none=True)

    def state(self) -> dict[str, np.ndarray]:
        arrays: dict[str, np.ndarray] = {}
        for name, parameter in self._named:
            moments = self._optimizer._state[parameter]
            if moments:
                arrays[f"exp_avg.{name}"] = to_numpy(moments["exp_avg"])
                arrays[f"exp_avg_sq.{name}"] = to_numpy(moments["exp_avg_sq"])
                arrays["step"] = np.array(self._optimizer._state["step"], np.float32)
        return arrays

    def load_state(self, arrays: dict[str, np.ndarray]) -> None:
        self._optimizer._state["step"] = int(arrays.get("step", 0))
        for name, parameter in self._named:
            if f"exp_avg.{name}" in arrays:
                self._optimizer._state[parameter] = {
                    "exp_avg": flow.tensor(arrays[f"exp_avg.{name}"], device=parameter.device),
                    "exp_avg_sq": flow.tensor(arrays[f"exp_avg_sq.{name}"], device=parameter.device),
                }


def clip_grad_norm(parameters: Sequence[Parameter], max_norm: float) -> None:
    """Scale all gradients so that their global 2-norm is at most `max_norm`."""
    flow.nn.utils.clip_grad_norm_(parameters, max_norm)
