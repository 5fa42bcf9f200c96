"""The stage's masked language model: the one in the weights, or a head fitted to them on the task's text and a corpus."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from tinybert import artifacts, events, stop
from tinybert.augmentation.head import MODEL, fit_head
from tinybert.augmentation.masked_lm import MaskedLM
from tinybert.augmentation.masked_lm_weights import masked_lm_weights
from tinybert.data import splits
from tinybert.data.batches import choose_rows
from tinybert.data.examples import Examples
from tinybert.data.tokens import Tokens, concatenate, load_tokens, take, tokenize
from tinybert.errors import BadInputError
from tinybert.model.config import BertConfig
from tinybert.result import StageContext
from tinybert.training.loop import SCRATCH as TRAINING_SCRATCH

FOLDER, FACTS = "masked-lm", "facts.json"
FITTED = f"{FOLDER}/{MODEL}"
"""A Hugging Face directory."""
SCRATCH = tuple(f"{FOLDER}/{name}" for name in TRAINING_SCRATCH)
"""Names below the stage's output that only a resume needs."""


def language_model(context: StageContext, tokenizer: Tokenizer) -> tuple[MaskedLM, dict[str, Any], dict[str, Any]]:
    """The model, facts for the report, and the curves of its training, where it was trained.

    `facts`: `head`, "pretrained" or "fitted", and of a fitted one what `fit_head` tells. Raises as `masked_lm_weights` and `fit_head`.
    """
    spec, folder = context.spec, context.out / FOLDER
    config, weights, has_head = masked_lm_weights(spec.inputs["weights"])
    facts: dict[str, Any] = {"head": "pretrained"}
    series: dict[str, Any] = {}
    if not has_head:
        if (known := artifacts.read_json(folder / FACTS)) is None:
            events.note("the teacher's weights have no language-model head: fitting one on the task's text")
            known = _fit(context, tokenizer, config, folder)
            artifacts.write_json(folder / FACTS, known)
        facts, series = known["facts"], known["series"]
        config, weights, _ = masked_lm_weights(folder / MODEL)
    return MaskedLM(config, weights, spec.device, spec.options["precision"]), facts, series


def _fit(context: StageContext, tokenizer: Tokenizer, config: BertConfig, folder: Path) -> dict[str, Any]:
    spec, options = context.spec, context.spec.options["head"]
    train = load_tokens(spec.inputs["prepare"] / splits.TRAIN, config.max_positions)
    corpus = spec.inputs.get("corpus")
    lines = 0 if corpus is None else sum(1 for _ in _lines(corpus))
    rows = choose_rows(len(train) + lines, options["rows"], spec.seed)
    tokens = take(train, rows[rows < len(train)])
    if corpus is not None:
        tokens = _with_corpus(tokens, corpus, set((rows[rows >= len(train)] - len(train)).tolist()), tokenizer, config)
    folder.mkdir(exist_ok=True)
    directory = spec.inputs["prepare"] / "tokenizer"
    fitted = fit_head(spec.inputs["weights"], directory, tokens, options, spec.seed, spec.device, folder, context.clock)
    facts = {"head": "fitted", "corpus_lines": int((rows >= len(train)).sum())} | fitted.facts
    return {"facts": facts, "series": fitted.series}


def _with_corpus(tokens: Tokens, corpus: Path, wanted: set[int], tokenizer: Tokenizer, config: BertConfig) -> Tokens:
    texts = [text for number, text in enumerate(_lines(corpus)) if number in wanted]
    if not texts:
        return tokens
    examples = Examples(texts, None, np.zeros(len(texts), np.int32))
    added, _ = tokenize(tokenizer, examples, config.max_positions, stop.check_on_report)
    return concatenate([tokens, added])


def _lines(corpus: Path) -> Iterator[str]:
    """Lines with something on them. Raises BadInputError for what is not UTF-8."""
    with corpus.open(encoding="utf-8") as file:
        try:
            yield from (line.strip() for line in file if line.strip())
        except UnicodeDecodeError as error:
            raise BadInputError(f"the corpus {corpus} is not UTF-8 ({error.reason}): convert it") from None
