"""What can compute a classifier's logits: this project's own inference path, and the peers that a user would pick instead.

Every runtime gives the same three things: inputs made ready and resident, the logits of such inputs (perhaps still being computed), and
those logits as an array. The peers run on PyTorch's environment and load the same directory of weights.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from tinybert import engine as E
from tinybert.data.batches import Batch
from tinybert.model.inference import Classifier
from tinybert.model.weights import load_weights

RUNTIMES = ("engine", "transformers", "torch.compile", "onnxruntime")
ONNX_OPSET = 17  # the first with LayerNormalization


class AbsentError(Exception):
    """There is no such runtime here; the message says why."""


class Runtime(Protocol):
    """`last_row_only`: of the last layer, [CLS] alone is computed."""

    last_row_only: bool

    def prepare(self, batch: Batch) -> Any: ...

    def logits(self, inputs: Any) -> Any: ...

    def to_numpy(self, logits: Any) -> np.ndarray: ...


class EngineRuntime:
    last_row_only = True

    def __init__(self, directory: Path, labels: tuple[str, ...], precision: str, device: str) -> None:
        config, weights, _ = load_weights(directory, labels, seed=0)
        self._classifier = Classifier(config, weights, device, precision)

    def prepare(self, batch: Batch) -> Any:
        return self._classifier.prepare(batch)

    def logits(self, inputs: Any) -> Any:
        with E.no_grad():
            return self._classifier.logits(inputs)

    def to_numpy(self, logits: Any) -> np.ndarray:
        return E.to_numpy(E.as_float32(logits))


class TransformersRuntime:
    """Hugging Face's BERT in eager mode with scaled_dot_product_attention, or compiled by torch.compile at its defaults."""

    last_row_only = False

    def __init__(self, directory: Path, precision: str, device: str, compiled: bool) -> None:
        import torch
        from transformers import AutoModelForSequenceClassification

        self._torch, self._device = torch, device
        dtype = {"float32": torch.float32, "bfloat16": torch.bfloat16}[precision]
        model = AutoModelForSequenceClassification.from_pretrained(directory, attn_implementation="sdpa", dtype=dtype)
        model = model.to(device).eval()
        self._model = torch.compile(model) if compiled else model

    def prepare(self, batch: Batch) -> Any:
        arrays = {
            "input_ids": batch.input_ids,
            "attention_mask": batch.attention_mask,
            "token_type_ids": batch.segment_ids,
        }
        return {name: self._torch.tensor(array, device=self._device) for name, array in arrays.items()}

    def logits(self, inputs: Any) -> Any:
        with self._torch.inference_mode():
            return self._model(**inputs).logits

    def to_numpy(self, logits: Any) -> np.ndarray:
        return np.array(logits.float().cpu().numpy())


class OnnxRuntime:
    """ONNX Runtime at its defaults on a graph that PyTorch exports from Hugging Face's BERT."""

    last_row_only = False

    def __init__(self, directory: Path, scratch: Path, threads: int) -> None:
        import onnxruntime

        path = scratch / "model.onnx"
        _export_onnx(directory, path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def prepare(self, batch: Batch) -> Any:
        return {
            "input_ids": batch.input_ids,
            "attention_mask": batch.attention_mask,
            "token_type_ids": batch.segment_ids,
        }

    def logits(self, inputs: Any) -> Any:
        return self._session.run(None, inputs)[0]

    def to_numpy(self, logits: Any) -> np.ndarray:
        return np.asarray(logits)


def open_runtime(
    name: str, directory: Path, labels: tuple[str, ...], precision: str, device: str, threads: int, scratch: Path
) -> Runtime:
    """The model of a directory on a runtime. Raises AbsentError where it cannot be had here, with the reason."""
    if why := absence(name, precision, device):
        raise AbsentError(why)
    if name == "engine":
        return EngineRuntime(directory, labels, precision, device)
    try:
        if name == "onnxruntime":
            return OnnxRuntime(directory, scratch, threads)
        return TransformersRuntime(directory, precision, device, compiled=name == "torch.compile")
    except ImportError as error:
        raise AbsentError(f"{name} cannot be imported here ({error})") from error


def absence(name: str, precision: str, device: str) -> str:
    """Why a runtime cannot be had in a precision on a device; empty where it can, as far as can be said without trying."""
    if name == "engine":
        return E.inference_absence(precision, device)
    if E.NAME != "torch":
        return f"{name} lives in PyTorch's environment: the cell of the engine torch times it"
    if name == "onnxruntime" and device != "cpu":
        return "the package onnxruntime computes on the CPU alone"
    if precision == "int8" or (name == "onnxruntime" and precision != "float32"):
        return f"{name} is a peer for float32{'' if name == 'onnxruntime' else ' and bfloat16'} alone"
    if name == "torch.compile" and device == "cpu" and not any(map(shutil.which, ("g++", "clang++"))):
        return "torch.compile needs a C++ compiler (g++), and there is none here"
    return ""


def _export_onnx(directory: Path, path: Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(directory, attn_implementation="sdpa").eval()
    names = ["input_ids", "attention_mask", "token_type_ids"]
    rows = torch.ones((2, 8), dtype=torch.int64)
    torch.onnx.export(
        model,
        (rows, rows, torch.zeros_like(rows)),
        str(path),
        input_names=names,
        output_names=["logits"],
        dynamic_axes={name: {0: "batch", 1: "length"} for name in names} | {"logits": {0: "batch"}},
        opset_version=ONNX_OPSET,
        dynamo=False,
    )
