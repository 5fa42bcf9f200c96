"""A head for an encoder that has none (MiniLM): both trained as a masked language model on the task's own sentences.

As BERT's own data are made (`dupe_factor`, https://github.com/google-research/bert/blob/master/create_pretraining_data.py), each row is
there several times, each time with other tokens hidden. What that costs and buys: docs/pipeline.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinybert import engine as E
from tinybert.augmentation.masked_lm_weights import BIAS, DENSE, NORM, WORDS, masked_lm_weights, save_masked_lm
from tinybert.augmentation.masking import MaskedTokens, Vocabulary, mask
from tinybert.data.batches import Batch, choose_rows, evaluation_batches
from tinybert.data.tokenizer import SPECIAL_TOKENS, load_tokenizer
from tinybert.data.tokens import Tokens, concatenate
from tinybert.errors import BadInputError
from tinybert.model.bert import Bert, Features
from tinybert.model.config import BertConfig
from tinybert.model.weights import Weights
from tinybert.result import Clock
from tinybert.training.loop import Phase, Training, TrainingSet

MODEL = "model"
LOSS = "masked_lm_loss"
# Rows that are not learnt from, so that what the head is worth can be said: a twentieth, at most so many.
HELD_OUT_SHARE, HELD_OUT_ROWS = 0.05, 1000
EVALUATION_BATCH = 64
# As many candidates as TinyBERT's augmentation draws from.
CANDIDATES = 15


@dataclass(frozen=True)
class FittedHead:
    """`model`: a directory for `masked_lm_weights`; `facts`: numbers for the report; `series`: the contract's `train` and `dev`."""

    model: Path
    facts: dict[str, float | int]
    series: dict[str, Any]


def fit_head(
    weights: Path,
    tokenizer: Path,
    tokens: Tokens,
    options: Mapping[str, Any],
    seed: int,
    device: str,
    out: Path,
    clock: Clock,
) -> FittedHead:
    """Train the encoder in `weights` with a new head on the rows of `tokens` and write `out/model`; goes on where a kill left it.

    tokenizer: its directory, copied beside the model; tokens: at most the model's positions a row; options: `copies` (how often a row
    is seen), `batch_size`, `learning_rate`, `weight_decay`, `warmup_fraction`, `schedule`, `evaluations`, `checkpoint_s`.
    facts: `steps`, `rows`, `rows_per_s`; of hidden words in rows that were held out `loss` (nats), `top_1` and `top_15` (shares), at
    the best evaluation; `words`: how many those are.
    Raises as `masked_lm_weights`; BadInputError for ids beyond the vocabulary and where no two rows can be learnt from.
    """
    config, encoder, _ = masked_lm_weights(weights)
    E.check_ids(tokens.input_ids, config.vocab_size)
    vocabulary = _vocabulary(tokenizer, config)
    usable = _usable_rows(tokens, vocabulary)
    held_out = usable[choose_rows(len(usable), min(HELD_OUT_ROWS, math.ceil(len(usable) * HELD_OUT_SHARE)), seed)]
    learnt = np.setdiff1d(usable, held_out)
    questions = mask(tokens, vocabulary, np.random.default_rng([seed, 0x9E57]), masked=1.0)
    copies = [
        mask(tokens, vocabulary, np.random.default_rng([seed, 0x1E55, copy])) for copy in range(options["copies"])
    ]
    lessons = MaskedTokens(
        concatenate([copy.tokens for copy in copies]), concatenate([copy.answers for copy in copies])
    )
    model = Bert(config, encoder | new_head(config, tokens.input_ids), device)

    def loss(batch: Batch) -> Mapping[str, E.Tensor]:
        scores, answers = _scores(model, lessons, batch.rows, training=True)
        return {LOSS: E.cross_entropy(scores, E.tensor(answers, device))}

    def evaluate() -> Mapping[str, float]:
        return _worth(model, questions, held_out)

    phase = Phase("masked language model", {**options, "epochs": 1}, loss, evaluate)
    rows = np.concatenate([learnt + copy * len(tokens) for copy in range(len(copies))])
    data = TrainingSet(lessons.tokens, rows, options["batch_size"], config.max_positions, "dynamic", seed)
    settings = {**options, "evaluations_per_epoch": options["evaluations"]}
    history = Training([phase], model.parameters, data, out, clock, (LOSS,), settings).run()
    worth, progress = evaluate(), history.progress
    save_masked_lm(out / MODEL, config, model.weights(), tokenizer)
    facts = {
        "steps": progress.total_steps,
        "best_step": progress.best_step,
        "rows": len(learnt),
        "rows_per_s": progress.rows_seen / sum(progress.phase_seconds),
        **{name: value for name, value in worth.items() if name != "score"},
    }
    return FittedHead(out / MODEL, facts, history.series((LOSS,)))


def new_head(config: BertConfig, ids: np.ndarray) -> Weights:
    """A transform that starts as the identity, and as bias the logarithm of each token's share of `ids`, each counted once more."""
    h = config.hidden_size
    counts = np.bincount(ids, minlength=config.vocab_size) + 1.0
    return {
        f"{DENSE}.weight": np.eye(h, dtype=np.float32),
        f"{DENSE}.bias": np.zeros(h, np.float32),
        f"{NORM}.weight": np.ones(h, np.float32),
        f"{NORM}.bias": np.zeros(h, np.float32),
        BIAS: np.log(counts / counts.sum()).astype(np.float32),
    }


def _vocabulary(tokenizer: Path, config: BertConfig) -> Vocabulary:
    loaded = load_tokenizer(tokenizer)
    if (mask_id := loaded.token_to_id("[MASK]")) is None:
        raise BadInputError(f"the tokenizer in {tokenizer} has no [MASK]: give that of the weights")
    special_ids = (loaded.token_to_id(token) for token in SPECIAL_TOKENS)
    return Vocabulary(config.vocab_size, mask_id, tuple(number for number in special_ids if number is not None))


def _usable_rows(tokens: Tokens, vocabulary: Vocabulary) -> np.ndarray:
    """Rows with a token that can be hidden."""
    can_be = ~np.isin(tokens.input_ids, vocabulary.special_ids)
    usable = np.unique(np.repeat(np.arange(len(tokens)), tokens.lengths)[can_be])
    if len(usable) < 2:
        raise BadInputError("a masked language model needs at least two rows of text to learn from")
    return usable


def _scores(model: Bert, masked: MaskedTokens, rows: np.ndarray, training: bool) -> tuple[E.Tensor, np.ndarray]:
    """Logits of the W hidden words of the rows, [W, V], and what they are, int64 [W]."""
    batch, positions, answers = masked.collate(rows)
    config, parameters = model.config, model.parameters
    features = Features(hidden=(config.layers,), logits=False)
    hidden = model.forward(batch, features, training).hidden[config.layers]
    x = E.embedding(hidden.reshape(-1, config.hidden_size), E.tensor(positions, model.device))
    x = E.gelu(E.linear(x, parameters[f"{DENSE}.weight"], parameters[f"{DENSE}.bias"]))
    x = E.layer_norm(x, parameters[f"{NORM}.weight"], parameters[f"{NORM}.bias"], config.layer_norm_eps)
    return E.linear(x, parameters[WORDS], parameters[BIAS]), answers


def _worth(model: Bert, questions: MaskedTokens, rows: np.ndarray) -> dict[str, float]:
    """`loss`: mean cross-entropy; `score`: e to the -loss, the geometric mean of the right words' probabilities; shares; `words`."""
    losses, ranks = [], []
    with E.no_grad():
        for chosen in evaluation_batches(questions.tokens, rows, EVALUATION_BATCH):
            scores, answers = _scores(model, questions, rows[chosen], training=False)
            logits = E.to_numpy(E.log_softmax(scores))
            right = np.take_along_axis(logits, answers[:, None], axis=1)
            losses.append(-right[:, 0])
            ranks.append((logits > right).sum(axis=1))
    rank, loss = np.concatenate(ranks), float(np.concatenate(losses).mean(dtype=np.float64))
    return {
        "loss": loss,
        "score": math.exp(-loss),
        "top_1": float((rank == 0).mean()),
        f"top_{CANDIDATES}": float((rank < CANDIDATES).mean()),
        "words": len(rank),
    }
