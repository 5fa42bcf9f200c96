"""Trainings of 12 steps: what interrupts one must not change what comes out, to the bit."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.tinybert.tiny import COMMON, PHASE, Project
from tinybert import engine as E
from tinybert import stop
from tinybert.data.batches import Batch
from tinybert.data.tokens import Tokens, load_tokens
from tinybert.errors import BadInputError, StopRequestedError
from tinybert.evaluation import predict, score
from tinybert.model.bert import Bert
from tinybert.model.config import BertConfig
from tinybert.model.weights import Weights, random_weights
from tinybert.result import Clock
from tinybert.training import checkpoint
from tinybert.training.loop import BEST, History, Phase, Training, TrainingSet, split_decay

CONFIG = BertConfig(1, hidden_size=16, heads=2, intermediate_size=32, vocab_size=200, max_positions=32)
BATCH = 32
STEPS = 12  # 2 phases of 3 epochs of 64 rows


class Killed(BaseException):
    """Stands in for the process's end: nothing in the pipeline catches it."""


@pytest.fixture(scope="module")
def tokens(project: Project) -> Tokens:
    project.need("prepare")
    return load_tokens(project.root / "prepare" / "train.safetensors")


@pytest.fixture
def listening() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    stop.listen()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class Run:
    """One attempt at a training; `before_step` is called with the number of steps that this attempt has made."""

    def __init__(self, out: Path, tokens: Tokens, before_step: Callable[[int], None], **options: Any) -> None:
        out.mkdir(exist_ok=True)
        self.model = Bert(CONFIG, random_weights(CONFIG, 1), "cpu")
        self.seen: list[np.ndarray] = []
        phase = PHASE | {"epochs": 3} | options.pop("phase", {})
        settings = COMMON | options

        def loss(batch: Batch) -> Mapping[str, E.Tensor]:
            before_step(len(self.seen))
            self.seen.append(batch.rows)
            logits = self.model.forward(batch, training=True).logits
            assert logits is not None
            return {"label_loss": E.cross_entropy(logits, E.tensor(batch.labels, "cpu"))}

        def evaluate() -> Mapping[str, float]:
            return score(predict(self.model, tokens, np.arange(len(tokens)), 64), tokens.labels, "accuracy")

        data = TrainingSet(tokens, np.arange(len(tokens)), BATCH, 16, "dynamic", settings.pop("seed", 1))
        phases = [Phase("first", phase, loss, None), Phase("second", phase, loss, evaluate)]
        self._training = Training(phases, self.model.parameters, data, out, Clock(out), ("label_loss",), settings)

    def run(self) -> tuple[History, Weights]:
        return self._training.run(), self.model.weights()


def nothing(step: int) -> None:
    pass


def same(found: tuple[History, Weights], expected: tuple[History, Weights]) -> None:
    for name, array in expected[1].items():
        np.testing.assert_array_equal(found[1][name], array, err_msg=name)
    timed = {"phase_seconds": []}
    assert replace(found[0].progress, **timed) == replace(expected[0].progress, **timed)


@pytest.fixture(scope="module")
def undisturbed(tokens: Tokens, tmp_path_factory: pytest.TempPathFactory) -> tuple[History, Weights]:
    return Run(tmp_path_factory.mktemp("undisturbed"), tokens, nothing).run()


def test_same_seed_gives_the_same_bits(tmp_path: Path, tokens: Tokens, undisturbed: tuple[History, Weights]) -> None:
    same(Run(tmp_path, tokens, nothing).run(), undisturbed)


def test_another_seed_gives_other_weights(tmp_path: Path, tokens: Tokens, undisturbed: tuple[History, Weights]) -> None:
    _, weights = Run(tmp_path, tokens, nothing, seed=2).run()
    assert not np.array_equal(weights["classifier.weight"], undisturbed[1]["classifier.weight"])


@pytest.mark.parametrize("last", [0, 3, 5, 6, 11])
def test_signal_and_resume_end_in_the_same_bits(
    tmp_path: Path, tokens: Tokens, undisturbed: tuple[History, Weights], listening: None, last: int
) -> None:
    def interrupt(step: int) -> None:
        if step == last:
            signal.raise_signal(signal.SIGTERM)

    first = Run(tmp_path, tokens, interrupt)
    with pytest.raises(StopRequestedError) as stopped:
        first.run()
    assert stopped.value.exit_code == 143
    assert len(first.seen) == last + 1
    stop._requested = None
    second = Run(tmp_path, tokens, nothing)
    same(second.run(), undisturbed)
    assert len(first.seen) + len(second.seen) == STEPS


@pytest.mark.parametrize("last", [0, 4, 6, 9, 11])
@pytest.mark.parametrize("checkpoint_s", [1e-9, 1000])
def test_kill_and_resume_end_in_the_same_bits(
    tmp_path: Path, tokens: Tokens, undisturbed: tuple[History, Weights], last: int, checkpoint_s: float
) -> None:
    """With a checkpoint after each step and, but for the phases' ends, with none."""

    def kill(step: int) -> None:
        if step == last:
            raise Killed

    with pytest.raises(Killed):
        Run(tmp_path, tokens, kill, checkpoint_s=checkpoint_s).run()
    second = Run(tmp_path, tokens, nothing, checkpoint_s=checkpoint_s)
    same(second.run(), undisturbed)
    redone = 0 if checkpoint_s < 1 else last % (STEPS // 2)
    assert len(second.seen) == STEPS - last + redone


def test_every_epoch_sees_every_row_once_and_no_two_in_the_same_order(tmp_path: Path, tokens: Tokens) -> None:
    run = Run(tmp_path, tokens, nothing)
    run.run()
    epochs = [np.concatenate(run.seen[first : first + 2]) for first in range(0, STEPS, 2)]
    for epoch in epochs:
        np.testing.assert_array_equal(np.sort(epoch), np.arange(64))
    assert len({tuple(epoch) for epoch in epochs}) == len(epochs)


def test_truncated_checkpoint_is_noted_and_training_begins_anew(
    tmp_path: Path, tokens: Tokens, undisturbed: tuple[History, Weights], capfd: pytest.CaptureFixture[str]
) -> None:
    def kill(step: int) -> None:
        if step == 8:
            raise Killed

    with pytest.raises(Killed):
        Run(tmp_path, tokens, kill, checkpoint_s=1e-9).run()
    path = tmp_path / checkpoint.FILE
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    capfd.readouterr()
    again = Run(tmp_path, tokens, nothing)
    same(again.run(), undisturbed)
    assert "cannot be read" in capfd.readouterr().out
    assert len(again.seen) == STEPS


def test_ends_with_the_best_evaluated_weights(tmp_path: Path, tokens: Tokens) -> None:
    run = Run(tmp_path, tokens, nothing, evaluations_per_epoch=2)
    history, weights = run.run()
    best = load_file(tmp_path / BEST)
    for name, array in weights.items():
        np.testing.assert_array_equal(array, best[name])
    dev = history.progress.dev_rows
    assert [row[0] for row in dev] == ["second"] * 6
    scores = [row[2] for row in dev]
    assert history.progress.best_score == max(scores)
    assert history.progress.best_step == dev[scores.index(max(scores))][1]
    found = score(predict(run.model, tokens, np.arange(64), 64), tokens.labels, "accuracy")
    assert found["score"] == max(scores)


def test_curve_is_the_mean_over_its_steps(tmp_path: Path, tokens: Tokens) -> None:
    history, _ = Run(tmp_path, tokens, nothing, phase={"epochs": 11}).run()
    rows = history.series(("label_loss",))["train"]["rows"]
    assert [row[:3] for row in rows] == [
        ["first", 20, 640],
        ["first", 22, 704],
        ["second", 42, 1344],
        ["second", 44, 1408],
    ]
    assert all(row[3] == row[4] > 0 for row in rows)
    assert rows[-1][3] < rows[0][3]


def test_diverged_training_is_bad_input(tmp_path: Path, tokens: Tokens) -> None:
    wild = {"learning_rate": 1e30, "schedule": "constant", "warmup_fraction": 0}
    with pytest.raises(
        BadInputError, match=r"the loss of the phase first is no number at step \d+: choose a lower learning_rate"
    ):
        Run(tmp_path, tokens, nothing, phase=wild).run()


def test_biases_and_layer_norms_do_not_decay() -> None:
    model = Bert(CONFIG, random_weights(CONFIG, 1), "cpu")
    decayed, exempt = ({name for name, _ in group} for group in split_decay(model.parameters))
    assert decayed | exempt == model.parameters.keys()
    assert decayed & exempt == set()
    assert {name for name in decayed if model.parameters[name].ndim == 1} == set()
    assert {name for name in exempt if model.parameters[name].ndim != 1} == set()


def test_the_first_evaluation_is_kept_however_bad(
    tmp_path: Path, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Correlations reach down to -1."""
    monkeypatch.setitem(globals(), "score", lambda *given: {"score": -1.0, "loss": 1.0})
    history, weights = Run(tmp_path, tokens, nothing).run()
    assert (history.progress.best_score, history.progress.best_step) == (-1.0, history.progress.dev_rows[0][1])
    np.testing.assert_array_equal(weights["classifier.weight"], load_file(tmp_path / BEST)["classifier.weight"])
