"""Weights as arrays: drawn anew, read from any Hugging Face BERT directory, and written as one."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from tinybert import artifacts
from tinybert.data.tokenizer import FILES as TOKENIZER_FILES
from tinybert.errors import BadInputError
from tinybert.model.config import BertConfig, as_hugging_face, read_config
from tinybert.model.shapes import parameter_shapes
from tinybert.model.torch_file import read_torch_file

Weights = dict[str, np.ndarray]

FILE = "model.safetensors"
TORCH_FILE = "pytorch_model.bin"


def random_weights(config: BertConfig, seed: int) -> Weights:
    """BERT's initial values: normal(0, initializer_range) weights, zero biases, unit LayerNorm gains. The same on every engine."""
    rng = np.random.default_rng([seed, 0x57A7])
    weights: Weights = {}
    for name, shape in parameter_shapes(config).items():
        if name.endswith(".bias"):
            weights[name] = np.zeros(shape, np.float32)
        elif "LayerNorm" in name:
            weights[name] = np.ones(shape, np.float32)
        else:
            weights[name] = rng.standard_normal(shape, dtype=np.float32) * np.float32(config.initializer_range)
    return weights


def load_weights(directory: Path, labels: tuple[str, ...], seed: int) -> tuple[BertConfig, Weights, list[str]]:
    """A BERT directory's shape and weights for a task with these labels, and the names that had to be drawn anew.

    Takes encoders with or without the `bert.` prefix, a pooler or a head; a head for another number of labels is drawn anew.
    Raises BadInputError for missing or broken files, missing encoder weights, and shapes that contradict config.json.
    """
    config = read_config(directory).with_labels(labels)
    found = read_arrays(directory)
    weights: Weights = {}
    drawn = []
    for name, shape in parameter_shapes(config).items():
        is_head = name.startswith("classifier.")
        can_be_drawn = is_head or name.startswith("bert.pooler.")
        if can_be_drawn and (name not in found or (is_head and found[name].shape != shape)):
            drawn.append(name)
        else:
            weights[name] = checked(found, name, shape, directory)
    if drawn:
        fresh = random_weights(config, seed)
        weights |= {name: fresh[name] for name in drawn}
    return config, weights, drawn


def save_model(directory: Path, config: BertConfig, weights: Weights, tokenizer: Path) -> None:
    """Write a directory that `AutoModelForSequenceClassification` and `AutoTokenizer` open; it appears whole or not at all."""
    write_model(directory, as_hugging_face(config), weights, tokenizer)


def write_model(directory: Path, config: Mapping[str, Any], weights: Weights, tokenizer: Path) -> None:
    """As `save_model`, with the contents of config.json."""

    def write(target: Path) -> None:
        target.mkdir()
        artifacts.write_json(target / "config.json", config)
        save_file(weights, target / FILE, metadata={"format": "pt"})
        for name in TOKENIZER_FILES:
            if (tokenizer / name).is_file():
                shutil.copyfile(tokenizer / name, target / name)

    artifacts.write_atomically(directory, write)


def read_arrays(directory: Path) -> Weights:
    """All arrays of a BERT directory as they are stored, under today's Hugging Face names.

    Raises BadInputError for missing or broken files.
    """
    path = directory / FILE
    arrays = _read(path) if path.is_file() else _read_torch(directory)
    return {_modern_name(name): array for name, array in arrays.items()}


def checked(found: Weights, name: str, shape: tuple[int, ...], directory: Path) -> np.ndarray:
    """The array as float32. Raises BadInputError where there is none, or one of another shape."""
    if name not in found:
        raise BadInputError(f"{directory} lacks the weight {name}: is it a BERT encoder?")
    if found[name].shape != shape:
        raise BadInputError(f"{directory}: {name} has the shape {found[name].shape}, config.json says {shape}")
    return np.ascontiguousarray(found[name], dtype=np.float32)


def _read(path: Path) -> Weights:
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise BadInputError(f"{path} is damaged or of an unknown element type ({error}): fetch it again") from error


def _read_torch(directory: Path) -> Weights:
    path = directory / TORCH_FILE
    if not path.is_file():
        raise BadInputError(f"{directory} holds neither {FILE} nor {TORCH_FILE}: is the download complete?")
    return read_torch_file(path)


def _modern_name(name: str) -> str:
    """Old checkpoints say gamma and beta; bare encoders leave the `bert.` out; DataParallel adds `module.`."""
    name = (
        name.removeprefix("module.")
        .replace("LayerNorm.gamma", "LayerNorm.weight")
        .replace("LayerNorm.beta", "LayerNorm.bias")
    )
    return f"bert.{name}" if name.startswith(("embeddings.", "encoder.", "pooler.")) else name
