"""Distil the student: the paper's two phases, or the seed's joint one.

Intermediate: embeddings, hidden states and attention, no labels and no dev metric; prediction: the teacher's logits, the best checkpoint
on the first dev set kept. Joint (OneFlow's published run): all terms at once. The teacher is in evaluation mode and builds no graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from tinybert import artifacts, events
from tinybert import engine as E
from tinybert.data import splits
from tinybert.data.batches import choose_rows
from tinybert.data.tokens import load_tokens
from tinybert.errors import BadInputError
from tinybert.evaluation import predict, score
from tinybert.metrics import check_metrics
from tinybert.model.bert import Bert
from tinybert.model.config import BertConfig
from tinybert.model.layer_map import attention_map, hidden_map
from tinybert.model.start import general_weights, projected_weights
from tinybert.model.weights import Weights, load_weights, random_weights, save_model
from tinybert.result import Outcome, StageContext
from tinybert.spec import StageSpec
from tinybert.training.distillation import LOSS_NAMES, Losses, TeacherLogits, check_phases, new_projection
from tinybert.training.loop import SCRATCH, Phase, Training, TrainingSet

EVALUATION_BATCH = 64
TEACHER_LOGITS = "teacher-logits"


def run(context: StageContext) -> Outcome:
    spec, options, out = context.spec, context.spec.options, context.out
    check_metrics(spec.task)
    check_phases(options)
    train = load_tokens(_train(spec), options["max_length"])
    dev = load_tokens(spec.inputs["prepare"] / splits.tokens_file("dev"), options["max_length"])
    teacher_config, teacher_weights, _ = load_weights(spec.inputs["teacher"] / "model", spec.task.labels, spec.seed)
    config, weights = _start(context, teacher_config, teacher_weights)
    for tokens in (train, dev):
        E.check_ids(tokens.input_ids, min(config.vocab_size, teacher_config.vocab_size))
        if not spec.task.is_regression:
            E.check_labels(tokens.labels, len(config.labels))
    hidden = hidden_map(options["layer_map"], config.layers, teacher_config.layers)
    teacher = Bert(teacher_config, teacher_weights, spec.device)
    student = Bert(config, weights, spec.device)
    projection = new_projection(config, teacher_config, spec.seed, spec.device)

    def evaluate() -> Mapping[str, float]:
        return score(predict(student, dev, np.arange(len(dev)), EVALUATION_BATCH), dev.labels, spec.task.metric)

    rows = choose_rows(len(train), options["rows"], spec.seed)
    start = evaluate()
    losses = Losses(options, teacher, student, projection, hidden)
    if options["schedule"] == "two-phase":
        logits = TeacherLogits(teacher, train, rows, out / TEACHER_LOGITS)
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
            "start_dev_score": start["score"],
            "dev_score": final["score"],
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


def _train(spec: StageSpec) -> Path:
    """The augmented rows where there are any."""
    return (
        spec.inputs["augment"] / splits.AUGMENTED if "augment" in spec.inputs else spec.inputs["prepare"] / splits.TRAIN
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
