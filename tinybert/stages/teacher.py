"""Fine-tune the teacher on the gold labels or scores: BERT's recipe, the best checkpoint on the first dev set kept and reloaded."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tinybert import engine as E
from tinybert import events
from tinybert.data import splits
from tinybert.data.batches import Batch, choose_rows
from tinybert.data.tokens import load_tokens
from tinybert.evaluation import predict, score
from tinybert.metrics import check_metrics
from tinybert.model.bert import Bert
from tinybert.model.weights import load_weights, save_model
from tinybert.result import Outcome, StageContext
from tinybert.training.loop import SCRATCH, Phase, Training, TrainingSet
from tinybert.training.losses import label_loss

EVALUATION_BATCH = 64


def run(context: StageContext) -> Outcome:
    spec, options = context.spec, context.spec.options
    check_metrics(spec.task)
    train = load_tokens(spec.inputs["prepare"] / splits.TRAIN, options["max_length"])
    dev = load_tokens(spec.inputs["prepare"] / splits.tokens_file("dev"), options["max_length"])
    config, weights, drawn = load_weights(spec.inputs["weights"], spec.task.labels, spec.seed)
    for tokens in (train, dev):
        E.check_ids(tokens.input_ids, config.vocab_size)
        if not spec.task.is_regression:
            E.check_labels(tokens.labels, len(config.labels))
    if drawn:
        events.note(f"not in the pretrained weights, so drawn at random: {', '.join(drawn)}")
    model = Bert(config, weights, spec.device)

    def loss(batch: Batch) -> Mapping[str, E.Tensor]:
        logits = model.forward(batch, training=True).logits
        assert logits is not None
        return {"label_loss": label_loss(logits, E.tensor(batch.labels, spec.device))}

    def evaluate() -> Mapping[str, float]:
        return score(predict(model, dev, np.arange(len(dev)), EVALUATION_BATCH), dev.labels, spec.task.metric)

    rows = choose_rows(len(train), options["rows"], spec.seed)
    data = TrainingSet(train, rows, options["batch_size"], options["max_length"], options["padding"], spec.seed)
    phases = [Phase("teacher", options, loss, evaluate)]
    training = Training(phases, model.parameters, data, context.out, context.clock, (), options)
    history = training.run()
    save_model(context.out / "model", config, model.weights(), spec.inputs["prepare"] / "tokenizer")
    final = evaluate()
    progress = history.progress
    return Outcome(
        metrics={
            "dev_score": final["score"],
            "best_step": progress.best_step,
            "steps": progress.total_steps,
            "train_rows": len(rows),
            "rows_per_s": progress.rows_seen / sum(progress.phase_seconds),
        },
        artifacts={"model": "model"},
        series=history.series(()),
        details={"drawn_at_random": drawn},
        scratch=SCRATCH,
    )
