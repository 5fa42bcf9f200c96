"""The candidates of this project's mode `published`, for given sentences: seconds and words. Prints JSON.

Runs in the environment of the engine torch: FILE MODEL THREADS PRECISION BATCH_TOKENS. FILE holds a header and `sentence<TAB>label` rows.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tinybert import engine as E
from tinybert.augmentation.candidates import Choice, Frame
from tinybert.augmentation.drawing import Counts
from tinybert.augmentation.masked_lm import MaskedLM, Query
from tinybert.augmentation.masked_lm_weights import masked_lm_weights
from tinybert.augmentation.published import PublishedCandidates
from tinybert.augmentation.words import Words
from tinybert.data.tokenizer import load_tokenizer
from tinybert.measuring.checks import matrix_peak
from tinybert.model.config import BertConfig
from tinybert.model.shapes import forward_flop

COUNT = 15


class Noting(MaskedLM):
    """Keeps what it is asked."""

    def best(
        self, queries: Sequence[Query], count: int, batch_tokens: int, report: Callable[[int], None]
    ) -> np.ndarray:
        self.asked = [*getattr(self, "asked", ()), *queries]
        return super().best(queries, count, batch_tokens, report)


def main() -> None:
    file, directory, threads, precision, batch_tokens = sys.argv[1:]
    E.setup("cpu", int(threads))
    lines = Path(file).read_text(encoding="utf-8").splitlines()[1:]
    # Equal sentences count as often as they come, for the published code computes each anew.
    texts = [line.split("\t")[0] for line in lines]
    tokenizer = load_tokenizer(Path(directory))
    config, weights, _ = masked_lm_weights(Path(directory))
    model = Noting(config, weights, "cpu", precision)
    words = Words(tokenizer)
    vocabulary = [tokenizer.id_to_token(number) for number in range(config.vocab_size)]
    frame = Frame(*(tokenizer.token_to_id(token) for token in ("[CLS]", "[SEP]", "[MASK]")), config.max_positions)
    choice = Choice(words, {}, vocabulary, with_model=True, keep_special=True)
    options = {"candidates_per_word": COUNT, "batch_tokens": int(batch_tokens)}
    counts = Counts()
    with tempfile.TemporaryDirectory() as folder:
        candidates = PublishedCandidates(choice, frame, Path(folder))
        started = time.perf_counter()
        candidates.compute(model, texts, options, lambda done: None)
        found = [candidates.of(number, words.split(text), counts) for number, text in enumerate(texts)]
        seconds = time.perf_counter() - started
    distinct = {(bytes(query.input_ids), query.position): len(query.input_ids) for query in model.asked}
    print(
        json.dumps(
            {
                "seconds": seconds,
                "candidates": [{place: list(likely) for place, likely in each.items()} for each in found],
                "queries": len(model.asked),
                "distinct_queries": len(distinct),
                "positions": sum(distinct.values()),
                "gflop": sum(_flop(config, length) for length in distinct.values()) / 1e9,
                "peak_gflop_per_s": matrix_peak(precision, "cpu")["gflop_per_s"],
            }
        )
    )


def _flop(config: BertConfig, length: int) -> int:
    """Of one query: a classifier's pass whose pooler is the transform, and whose labels are the vocabulary."""
    labels = 2 * config.hidden_size * (config.vocab_size - len(config.labels))
    return forward_flop(config, 1, length, last_row_only=True) + labels


if __name__ == "__main__":
    main()
