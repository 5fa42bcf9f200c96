"""Fitting a head on rows of one word, said several times: a model that looks around knows every hidden one."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.tinybert.tiny import write_weights
from tinybert import events, stop
from tinybert.augmentation.head import MODEL, FittedHead, fit_head
from tinybert.augmentation.masked_lm import MaskedLM, Query
from tinybert.augmentation.masked_lm_weights import masked_lm_weights
from tinybert.data.tokens import Tokens
from tinybert.errors import BadInputError, StopRequestedError
from tinybert.model.config import BertConfig
from tinybert.model.weights import FILE
from tinybert.result import Clock

CONFIG = BertConfig(
    layers=1,
    hidden_size=32,
    heads=2,
    intermediate_size=64,
    vocab_size=200,
    max_positions=16,
    hidden_dropout=0.0,
    attention_dropout=0.0,
)
OPTIONS: dict[str, Any] = {
    "copies": 10,
    "batch_size": 16,
    "learning_rate": 5e-3,
    "weight_decay": 0.01,
    "warmup_fraction": 0.1,
    "schedule": "linear",
    "evaluations": 4,
    "checkpoint_s": 1000,
}
WORDS, ROWS = np.arange(10, 30), 400


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("encoder") / "weights"
    write_weights(directory, CONFIG)
    return directory


@pytest.fixture(scope="module")
def tokens() -> Tokens:
    rng = np.random.default_rng(0)
    rows = [[2, *[int(rng.choice(WORDS))] * int(rng.integers(4, 13)), 3] for _ in range(ROWS)]
    lengths = np.array([len(row) for row in rows])
    ids = np.concatenate(rows).astype(np.uint16)
    return Tokens(ids, np.concatenate([[0], np.cumsum(lengths)]), lengths.astype(np.uint16), np.zeros(ROWS, np.int32))


@pytest.fixture(scope="module")
def fitted(weights: Path, tokens: Tokens, tmp_path_factory: pytest.TempPathFactory) -> FittedHead:
    return fit(weights, tokens, tmp_path_factory.mktemp("undisturbed"))


def fit(weights: Path, tokens: Tokens, out: Path, seed: int = 1) -> FittedHead:
    out.mkdir(exist_ok=True)
    return fit_head(weights, weights, tokens, OPTIONS, seed, "cpu", out, Clock(out))


def bytes_of(found: FittedHead) -> bytes:
    return (found.model / FILE).read_bytes()


def test_hidden_words_are_found(fitted: FittedHead) -> None:
    assert fitted.facts["steps"] == -(-10 * 380 // 16)
    assert fitted.facts["rows"] == 380
    evaluations = fitted.series["dev"]["rows"]
    assert evaluations[-1][3] < 0.5 * evaluations[0][3]
    assert fitted.facts["loss"] == pytest.approx(min(row[3] for row in evaluations))
    assert fitted.facts["top_1"] > 0.9
    assert fitted.facts["top_1"] <= fitted.facts["top_15"]


def test_the_saved_model_answers_queries(fitted: FittedHead) -> None:
    config, weights, has_head = masked_lm_weights(fitted.model)
    assert has_head
    asked = [Query((2, word, word, 4, word, word, 3), 7, 3) for word in WORDS]
    found = MaskedLM(config, weights, "cpu", "float32").best(asked, 1, 100, lambda done: None)
    assert (found[:, 0] == WORDS).mean() > 0.9


def test_the_encoder_learns_too(weights: Path, fitted: FittedHead) -> None:
    before, after = load_file(weights / FILE), load_file(fitted.model / FILE)
    name = "bert.encoder.layer.0.output.dense.weight"
    assert not np.array_equal(before[name], after[name])


def test_the_same_seed_gives_the_same_bits(weights: Path, tokens: Tokens, fitted: FittedHead, tmp_path: Path) -> None:
    assert bytes_of(fit(weights, tokens, tmp_path / "same")) == bytes_of(fitted)
    assert bytes_of(fit(weights, tokens, tmp_path / "other", seed=2)) != bytes_of(fitted)


@pytest.fixture
def listening() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    stop.listen()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_signal_and_resume_end_in_the_same_bits(
    weights: Path, tokens: Tokens, fitted: FittedHead, tmp_path: Path, listening: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(phase: str, done: int, *_: object) -> None:
        if done == 40 * 16:
            signal.raise_signal(signal.SIGTERM)

    with monkeypatch.context() as patched:
        patched.setattr(events, "progress", interrupt)
        with pytest.raises(StopRequestedError):
            fit(weights, tokens, tmp_path)
    assert not (tmp_path / MODEL).exists()
    stop._requested = None
    resumed = fit(weights, tokens, tmp_path)
    assert bytes_of(resumed) == bytes_of(fitted)
    assert resumed.series == fitted.series


def test_rows_without_words_are_bad_input(weights: Path, tmp_path: Path) -> None:
    empty = Tokens(np.array([2, 3] * 3, np.uint16), np.arange(4) * 2, np.full(3, 2, np.uint16), np.zeros(3, np.int32))
    with pytest.raises(BadInputError, match="at least two rows of text"):
        fit(weights, empty, tmp_path)


@pytest.mark.engine("torch")
def test_transformers_opens_the_model(fitted: FittedHead) -> None:
    transformers = pytest.importorskip("transformers")
    _, report = transformers.BertForMaskedLM.from_pretrained(fitted.model, output_loading_info=True)
    assert not any(report.values())
