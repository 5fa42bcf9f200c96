"""Distil the student: the paper's two phases, or the seed's joint one.

Intermediate: embeddings, hidden states and attention, no labels and no dev metric; prediction: the teacher's soft labels, best dev
checkpoint kept. Joint (OneFlow's published run): all terms at once. The teacher is in evaluation mode and builds no graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from tinybert import artifacts, events
from tinybert import engine as E
from tinybert.data.batches import Batch, choose_rows
from tinybert.data.tokens import Tokens, load_tokens
from tinybert.errors import BadInputError
from tinybert.evaluation import predict, score
from tinybert.model.bert import Bert, Features
from tinybert.model.config import BertConfig
from tinybert.model.layer_map import attention_map, hidden_map
from tinybert.model.start import general_weights, projected_weights
from tinybert.model.weights import Weights, load_weights, random_weights, save_model
from tinybert.result import Outcome, StageContext
from tinybert.training.loop import SCRATCH, Phase, Training, TrainingSet
from tinybert.training.losses import Masks, layer_losses, prediction_loss

EVALUATION_BATCH = 64
# Teacher logits are kept in shards of this many rows, so that a kill loses little of the pass that makes them.
LOGIT_SHARD_ROWS = 2048
TEACHER_LOGITS = "teacher-logits"
PHASES = {"two-phase": ("intermediate", "prediction"), "joint": ("joint",)}
LOSS_NAMES = ("embedding_loss", "hidden_loss", "attention_loss", "prediction_loss")
PROJECTION = ("projection.weight", "projection.bias")


def run(context: StageContext) -> Outcome:
    spec, options, out = context.spec, context.spec.options, context.out
    for phase in PHASES[options["schedule"]]:
        if options[phase] is None:
            raise BadInputError(f"the schedule {options['schedule']} needs the options of its phase {phase}")
    train = load_tokens(spec.inputs["prepare"] / "train.safetensors", options["max_length"])
    dev = load_tokens(spec.inputs["prepare"] / "dev.safetensors", options["max_length"])
    teacher_config, teacher_weights, _ = load_weights(spec.inputs["teacher"] / "model", spec.task.labels, spec.seed)
    config, weights = _start(context, teacher_config, teacher_weights)
    for tokens in (train, dev):
        E.check_ids(tokens.input_ids, min(config.vocab_size, teacher_config.vocab_size))
    hidden = hidden_map(options["layer_map"], config.layers, teacher_config.layers)
    teacher = Bert(teacher_config, teacher_weights, spec.device)
    student = Bert(config, weights, spec.device)
    projection = _projection(config, teacher_config, spec.seed, spec.device)

    def evaluate() -> Mapping[str, float]:
        return score(predict(student, dev, np.arange(len(dev)), EVALUATION_BATCH), dev.labels)

    rows = choose_rows(len(train), options["rows"], spec.seed)
    start_accuracy = evaluate()["accuracy"]
    losses = _Losses(options, teacher, student, projection, hidden)
    if options["schedule"] == "two-phase":
        logits = _LazyLogits(teacher, train, rows, out / TEACHER_LOGITS)
        phases = [
            Phase("intermediate", options["intermediate"], losses.intermediate, None),
            Phase(
                "prediction", options["prediction"], lambda batch: losses.prediction(batch, logits.of(batch)), evaluate
            ),
        ]
    else:
        phases = [Phase("joint", options["joint"], losses.joint, evaluate)]
    data = TrainingSet(train, rows, options["batch_size"], options["max_length"], options["padding"], spec.seed)
    parameters = {**student.parameters, **projection}
    history = Training(phases, parameters, data, out, context.clock, LOSS_NAMES, options).run()
    save_model(out / "model", config, student.weights(), spec.inputs["prepare"] / "tokenizer")
    trained = {name: E.to_numpy(parameter) for name, parameter in projection.items()}
    artifacts.write_atomically(out / "projection.safetensors", lambda path: save_file(trained, path))
    final = evaluate()
    progress = history.progress
    speeds = {
        f"{phase.name}_rows_per_s": phase.options["epochs"] * len(rows) / seconds
        for phase, seconds in zip(phases, progress.phase_seconds, strict=True)
    }
    return Outcome(
        metrics={
            "start_dev_accuracy": start_accuracy,
            "dev_accuracy": final["accuracy"],
            "best_step": progress.best_step,
            "steps": progress.total_steps,
            "train_rows": len(rows),
            **speeds,
        },
        artifacts={"model": "model", "projection": "projection.safetensors"},
        series=history.series(LOSS_NAMES),
        details={
            "start": options["start"],
            "schedule": options["schedule"],
            "objective": options["objective"],
            "layer_map": {"hidden": list(hidden), "attention": list(attention_map(hidden))},
        },
        scratch=(*SCRATCH, TEACHER_LOGITS),
    )


def _start(context: StageContext, teacher_config: BertConfig, teacher_weights: Weights) -> tuple[BertConfig, Weights]:
    spec, options = context.spec, context.spec.options
    config = replace(teacher_config, **options["student"])
    if options["start"] == "general":
        if "student_weights" not in spec.inputs:
            raise BadInputError('the stage distill with start "general" needs the input "student_weights"')
        config, weights, drawn = general_weights(config, spec.inputs["student_weights"], spec.seed)
        events.note(f"student from {spec.inputs['student_weights']}; drawn at random: {', '.join(drawn) or 'nothing'}")
        return config, weights
    if options["start"] == "projected":
        return config, projected_weights(config, teacher_weights, spec.seed)
    return config, random_weights(config, spec.seed)


def _projection(student: BertConfig, teacher: BertConfig, seed: int, device: str) -> dict[str, E.Parameter]:
    """One linear map, d_S -> d_T, shared by all layers (Huawei's and the seed's `fit_dense`): normal(0, 0.02), zero bias.

    Used in training alone; it bridges any widths, equal ones too.
    """
    rng = np.random.default_rng([seed, 0xF17])
    weight = rng.standard_normal((teacher.hidden_size, student.hidden_size), dtype=np.float32) * np.float32(0.02)
    bias = np.zeros(teacher.hidden_size, np.float32)
    return {name: E.parameter(array, device) for name, array in zip(PROJECTION, (weight, bias), strict=True)}


class _Losses:
    """The three phases' losses over one teacher, student and projection."""

    def __init__(
        self,
        options: Mapping[str, Any],
        teacher: Bert,
        student: Bert,
        projection: Mapping[str, E.Parameter],
        hidden: tuple[int, ...],
    ) -> None:
        self._options = options
        self._teacher = teacher
        self._student = student
        self._projection = (projection[PROJECTION[0]], projection[PROJECTION[1]])
        self._hidden = hidden
        self._attention = attention_map(hidden)

    def intermediate(self, batch: Batch) -> Mapping[str, E.Tensor]:
        return self._layers(batch, with_logits=False)

    def prediction(self, batch: Batch, teacher_logits: np.ndarray) -> Mapping[str, E.Tensor]:
        logits = self._student.forward(batch, training=True).logits
        assert logits is not None
        targets = E.tensor(teacher_logits, self._student.device)
        return {"prediction_loss": prediction_loss(logits, targets, self._options["temperature"])}

    def joint(self, batch: Batch) -> Mapping[str, E.Tensor]:
        return self._layers(batch, with_logits=True)

    def _layers(self, batch: Batch, with_logits: bool) -> Mapping[str, E.Tensor]:
        depth = self._student.config.layers
        masks = Masks.of(batch, self._student.device)
        with E.no_grad():
            teacher = self._teacher.forward(batch, Features(set(self._hidden), set(self._attention), with_logits))
        student = self._student.forward(batch, Features(range(depth + 1), range(depth), with_logits), training=True)
        terms = dict(
            layer_losses(
                self._options["objective"], student, teacher, self._hidden, self._attention, self._projection, masks
            )
        )
        if student.logits is not None and teacher.logits is not None:
            terms["prediction_loss"] = prediction_loss(student.logits, teacher.logits, self._options["temperature"])
        return terms


class _LazyLogits:
    """The teacher's logits of the training rows, computed once, before the first prediction step, and kept over a kill."""

    def __init__(self, teacher: Bert, tokens: Tokens, rows: np.ndarray, directory: Path) -> None:
        self._teacher = teacher
        self._tokens = tokens
        self._rows = rows
        self._directory = directory
        self._logits: np.ndarray | None = None

    def of(self, batch: Batch) -> np.ndarray:
        """Logits [B, labels] of the batch's rows."""
        if self._logits is None:
            self._logits = np.zeros((len(self._tokens), len(self._teacher.config.labels)), np.float32)
            for first in range(0, len(self._rows), LOGIT_SHARD_ROWS):
                shard = self._rows[first : first + LOGIT_SHARD_ROWS]
                self._logits[shard] = self._shard(first // LOGIT_SHARD_ROWS, shard)
        return self._logits[batch.rows]

    def _shard(self, number: int, rows: np.ndarray) -> np.ndarray:
        path = self._directory / f"{number:05d}.safetensors"
        if path.is_file():
            return load_file(path)["logits"]
        shards = -(-len(self._rows) // LOGIT_SHARD_ROWS)
        logits = predict(self._teacher, self._tokens, rows, EVALUATION_BATCH, f"teacher logits {number + 1}/{shards}")
        artifacts.write_atomically(path, lambda target: save_file({"logits": logits}, target))
        return logits
