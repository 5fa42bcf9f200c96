"""Weights as arrays: drawn anew, read from any Hugging Face BERT directory, and written as one."""

from __future__ import annotations

import shutil
from pathlib import Path

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
    found = {_modern_name(name): array for name, array in _read_arrays(directory).items()}
    weights: Weights = {}
    drawn = []
    for name, shape in parameter_shapes(config).items():
        array = found.get(name)
        if array is None or (array.shape != shape and name.startswith("classifier.")):
            if not name.startswith(("classifier.", "bert.pooler.")):
                raise BadInputError(f"{directory} lacks the weight {name}: is it a BERT encoder?")
            drawn.append(name)
        elif array.shape != shape:
            raise BadInputError(f"{directory}: {name} has the shape {array.shape}, config.json says {shape}")
        else:
            weights[name] = np.ascontiguousarray(array, dtype=np.float32)
    if drawn:
        fresh = random_weights(config, seed)
        weights |= {name: fresh[name] for name in drawn}
    return config, weights, drawn


def save_model(directory: Path, config: BertConfig, weights: Weights, tokenizer: Path) -> None:
    """Write a directory that `AutoModelForSequenceClassification` and `AutoTokenizer` open; it appears whole or not at all."""

    def write(target: Path) -> None:
        target.mkdir()
        artifacts.write_json(target / "config.json", as_hugging_face(config))
        save_file(weights, target / FILE, metadata={"format": "pt"})
        for name in TOKENIZER_FILES:
            if (tokenizer / name).is_file():
                shutil.copyfile(tokenizer / name, target / name)

    artifacts.write_atomically(directory, write)


def _read_arrays(directory: Path) -> Weights:
    path = directory / FILE
    if not path.is_file():
        if (directory / TORCH_FILE).is_file():
            return read_torch_file(directory / TORCH_FILE)
        raise BadInputError(f"{directory} holds neither {FILE} nor {TORCH_FILE}: is the download complete?")
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise BadInputError(f"{path} is damaged or of an unknown element type ({error}): fetch it again") from error


def _modern_name(name: str) -> str:
    """Old checkpoints say gamma and beta; bare encoders leave the `bert.` out; DataParallel adds `module.`."""
    name = (
        name.removeprefix("module.")
        .replace("LayerNorm.gamma", "LayerNorm.weight")
        .replace("LayerNorm.beta", "LayerNorm.bias")
    )
    return f"bert.{name}" if name.startswith(("embeddings.", "encoder.", "pooler.")) else name
