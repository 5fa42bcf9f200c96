"""Who is measured: models, trained by earlier stages or of a shape alone, each on runtimes and in precisions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open

from tinybert.errors import BadInputError
from tinybert.model.config import BertConfig, read_config
from tinybert.model.shapes import count_parameters
from tinybert.model.weights import FILE, random_weights, save_model
from tinybert.spec import TRAINED, StageSpec

Cell = tuple[int, int | str]
"""(rows of a batch, padded length or "real")."""

# Every size and time of the published table is that of the shape alone: bert-base-uncased's vocabulary and positions.
VOCABULARY, POSITIONS = 30522, 512


@dataclass(frozen=True)
class Model:
    """`role`: teacher, student or other. `projection`: parameters that training alone used."""

    name: str
    role: str
    directory: Path
    config: BertConfig
    is_trained: bool
    projection: int = 0

    def facts(self) -> dict[str, Any]:
        """Exact counts by part, the shape, and the bytes of the weights' file."""
        return {
            "role": self.role,
            "parameters": count_parameters(self.config) | {"projection": self.projection},
            "shape": {
                "layers": self.config.layers,
                "hidden_size": self.config.hidden_size,
                "heads": self.config.heads,
                "intermediate_size": self.config.intermediate_size,
            },
            "disk_bytes": (self.directory / FILE).stat().st_size,
        }


@dataclass(frozen=True)
class Subject:
    """A model on a runtime in a precision, and the cells in which its forward passes are timed."""

    model: Model
    runtime: str
    precision: str
    cells: tuple[Cell, ...]

    @property
    def id(self) -> str:
        return f"{self.model.name} {self.runtime} {self.precision}"

    @property
    def slug(self) -> str:
        return re.sub(r"[^A-Za-z0-9.]+", "-", self.id)

    @property
    def is_default(self) -> bool:
        """The one whose dataset pass is timed."""
        return (self.runtime, self.precision) == ("engine", "float32")


def models(spec: StageSpec, scratch: Path) -> list[Model]:
    """The trained models, or those of the option `models`, whose random weights are written below `scratch`."""
    if spec.options["models"] is None:
        return [_trained(spec, name, stage) for name, stage in TRAINED.items()]
    return [_of_shape(spec, scratch / each["name"], each) for each in spec.options["models"]]


def subjects(measured: Sequence[Model], groups: Sequence[dict[str, Any]]) -> list[Subject]:
    """`groups`: the option `forward.cells`. The engine in float32 is always among them: the dataset pass is timed on it.

    Raises BadInputError where a group names a model that there is not.
    """
    names = [model.name for model in measured]
    wanted: dict[tuple[str, str, str], list[Cell]] = {("engine", "float32", name): [] for name in names}
    for group in groups:
        for name in group.get("models", names):
            if name not in names:
                raise BadInputError(f"forward.cells names the model {name!r}; there are: {', '.join(names)}")
            cells = wanted.setdefault((group["runtime"], group["precision"], name), [])
            cells += [(size, length) for size in group["batch_sizes"] for length in group["lengths"]]
    return [
        Subject(measured[names.index(name)], runtime, precision, tuple(dict.fromkeys(cells)))
        for (runtime, precision, name), cells in wanted.items()
    ]


def _trained(spec: StageSpec, name: str, stage: str) -> Model:
    directory = spec.inputs[stage] / "model"
    projection = 0
    if stage == "distill":
        with safe_open(spec.inputs[stage] / "projection.safetensors", framework="np") as file:
            projection = sum(int(np.prod(file.get_slice(key).get_shape())) for key in file.keys())  # noqa: SIM118
    config = read_config(directory).with_labels(spec.task.labels)
    return Model(name, name, directory, config, is_trained=True, projection=projection)


def _of_shape(spec: StageSpec, directory: Path, named: dict[str, Any]) -> Model:
    config = BertConfig(**named["shape"], vocab_size=VOCABULARY, max_positions=POSITIONS, labels=spec.task.labels)
    if not directory.is_dir():
        save_model(directory, config, random_weights(config, spec.seed), spec.inputs["prepare"] / "tokenizer")
    return Model(named["name"], named["role"], directory, config, is_trained=False)
