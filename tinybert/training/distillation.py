"""What each phase of a distillation minimises, over one teacher, one student and the projection between them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tinybert import engine as E
from tinybert.data.batches import Batch
from tinybert.data.tokens import Tokens
from tinybert.errors import BadInputError
from tinybert.evaluation import predict_in_shards
from tinybert.model.bert import Bert, Features
from tinybert.model.config import BertConfig
from tinybert.model.layer_map import attention_map
from tinybert.training.losses import Masks, layer_losses, prediction_loss, scaled

PHASES = {"two-phase": ("intermediate", "prediction"), "joint": ("joint",)}
LAYER_TERMS = ("embedding", "hidden", "attention")
TERMS = {"intermediate": LAYER_TERMS, "prediction": ("prediction",), "joint": (*LAYER_TERMS, "prediction")}
LOSS_NAMES = tuple(f"{term}_loss" for term in TERMS["joint"])
PROJECTION = ("projection.weight", "projection.bias")
TEACHER_BATCH = 64


def check_phases(options: Mapping[str, Any]) -> None:
    """Raises BadInputError for a phase of the schedule that has no options, or nothing to learn from."""
    for phase in PHASES[options["schedule"]]:
        if options[phase] is None:
            raise BadInputError(f"the schedule {options['schedule']} needs the options of its phase {phase}")
        if not any(options["loss_weights"][term] for term in TERMS[phase]):
            terms = ", ".join(TERMS[phase])
            raise BadInputError(f"the phase {phase} has no loss: set loss_weights above 0 for one of {terms}")


def new_projection(student: BertConfig, teacher: BertConfig, seed: int, device: str) -> dict[str, E.Parameter]:
    """One linear map, d_S -> d_T, shared by all layers (Huawei's and the seed's `fit_dense`): normal(0, 0.02), zero bias.

    Used in training alone; it bridges any widths, equal ones too.
    """
    rng = np.random.default_rng([seed, 0xF17])
    weight = rng.standard_normal((teacher.hidden_size, student.hidden_size), dtype=np.float32) * np.float32(0.02)
    bias = np.zeros(teacher.hidden_size, np.float32)
    return {name: E.parameter(array, device) for name, array in zip(PROJECTION, (weight, bias), strict=True)}


class Losses:
    """The three phases' losses, as named terms. One whose weight is 0 is left out."""

    def __init__(
        self,
        options: Mapping[str, Any],
        teacher: Bert,
        student: Bert,
        projection: Mapping[str, E.Parameter],
        hidden: tuple[int, ...],
    ) -> None:
        """`options`: the stage's; `hidden`: the layer map."""
        self._options = options
        self._weights: Mapping[str, float] = options["loss_weights"]
        self._teacher = teacher
        self._student = student
        self._projection = (projection[PROJECTION[0]], projection[PROJECTION[1]])
        self._hidden = hidden
        self._attention = attention_map(hidden)

    def intermediate(self, batch: Batch) -> Mapping[str, E.Tensor]:
        return self._layers(batch, with_logits=False)

    def prediction(self, batch: Batch, teacher_logits: np.ndarray) -> Mapping[str, E.Tensor]:
        logits = self._student.forward(batch, training=True).logits
        return self._prediction(batch, logits, E.tensor(teacher_logits, self._student.device))

    def joint(self, batch: Batch) -> Mapping[str, E.Tensor]:
        return self._layers(batch, with_logits=self._weights["prediction"] > 0)

    def _layers(self, batch: Batch, with_logits: bool) -> Mapping[str, E.Tensor]:
        depth = self._student.config.layers
        masks = Masks.of(batch, self._student.device)
        with E.no_grad():
            teacher = self._teacher.forward(batch, Features(set(self._hidden), set(self._attention), with_logits))
        student = self._student.forward(batch, Features(range(depth + 1), range(depth), with_logits), training=True)
        terms = layer_losses(
            self._options["objective"],
            student,
            teacher,
            self._hidden,
            self._attention,
            self._projection,
            masks,
            self._weights,
        )
        return {**terms, **self._prediction(batch, student.logits, teacher.logits)} if with_logits else terms

    def _prediction(self, batch: Batch, student: E.Tensor | None, teacher: E.Tensor | None) -> Mapping[str, E.Tensor]:
        assert student is not None and teacher is not None
        labels = E.tensor(batch.labels, self._student.device)
        temperature, hard = self._options["temperature"], self._options["hard_label_weight"]
        loss = prediction_loss(student, teacher, labels, temperature, hard)
        return {"prediction_loss": scaled(loss, self._weights["prediction"])}


class TeacherLogits:
    """The teacher's logits of the training rows, computed once, before the first prediction step, and kept over a kill."""

    def __init__(self, teacher: Bert, tokens: Tokens, rows: np.ndarray, directory: Path) -> None:
        """`rows`: those that are asked for; `directory`: where the finished shards lie."""
        self._teacher = teacher
        self._tokens = tokens
        self._rows = rows
        self._directory = directory
        self._logits: np.ndarray | None = None

    def of(self, batch: Batch) -> np.ndarray:
        """Logits [B, labels] of the batch's rows."""
        if self._logits is None:
            self._logits = np.zeros((len(self._tokens), len(self._teacher.config.labels)), np.float32)
            self._logits[self._rows] = predict_in_shards(
                self._teacher, self._tokens, self._rows, TEACHER_BATCH, self._directory, "teacher logits"
            )
        return self._logits[batch.rows]
