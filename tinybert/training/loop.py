"""The training loop of every stage: phases of epochs over bucketed batches, resumable at any step.

Order and dropout of a step depend on the seed and the step's number alone, never on what ran before, so a training that was
killed and resumed ends with the weights of one that was not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from tinybert import artifacts, events, stop
from tinybert import engine as E
from tinybert.data.batches import Batch, collate, epoch_batches
from tinybert.data.tokens import Tokens
from tinybert.errors import BadInputError
from tinybert.result import Clock
from tinybert.training import checkpoint
from tinybert.training.checkpoint import Progress
from tinybert.training.losses import total
from tinybert.training.schedule import learning_rate

BEST = "best.safetensors"
# What only a resume needs.
SCRATCH = (checkpoint.FILE, BEST)
# BERT and both published TinyBERTs: AdamW eps 1e-6, global gradient norm at most 1, no decay on biases and LayerNorm.
ADAM_EPS = 1e-6
MAX_GRADIENT_NORM = 1.0
# A point of the training curve is the mean over this many steps.
LOG_STEPS = 20
# Phases draw their orders from epoch numbers this far apart, so that no two epochs of a training share one.
EPOCHS_APART = 10_000

Loss = Callable[[Batch], Mapping[str, E.Tensor]]
Evaluation = Callable[[], Mapping[str, float]]
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Phase:
    """One phase: `loss` gives named terms whose sum is minimised; `evaluate` (None: no model choice) gives `score` and `loss`."""

    name: str
    options: Mapping[str, Any]
    loss: Loss
    evaluate: Evaluation | None


@dataclass(frozen=True)
class TrainingSet:
    """What an epoch is made of: `rows` of the tokens, in batches, padded `dynamic`ally or to `max_length`."""

    tokens: Tokens
    rows: np.ndarray
    batch_size: int
    max_length: int
    padding: str
    seed: int

    @property
    def steps_per_epoch(self) -> int:
        return math.ceil(len(self.rows) / self.batch_size)

    def batches(self, phase: int, epoch: int) -> list[np.ndarray]:
        """Row numbers of each batch; every row exactly once, the last batch as short as it comes."""
        order = phase * EPOCHS_APART + epoch
        return epoch_batches(self.tokens, self.rows, self.batch_size, self.padding, self.seed, order)

    def collate(self, rows: np.ndarray) -> Batch:
        return collate(self.tokens, rows, self.max_length if self.padding == "fixed" else None)


@dataclass(frozen=True)
class History:
    """What a training left behind."""

    progress: Progress

    def series(self, loss_names: Sequence[str]) -> dict[str, Any]:
        """The contract's `train` and `dev` series."""
        return {
            "train": {
                "columns": ["phase", "step", "rows", "loss", *loss_names, "learning_rate"],
                "rows": self.progress.train_rows,
            },
            "dev": {"columns": ["phase", "step", "score", "loss"], "rows": self.progress.dev_rows},
        }


class Training:
    """Phases over one training set, with their state under `out`."""

    def __init__(
        self,
        phases: Sequence[Phase],
        parameters: Mapping[str, E.Parameter],
        data: TrainingSet,
        out: Path,
        clock: Clock,
        loss_names: Sequence[str],
        options: Mapping[str, Any],
    ) -> None:
        """`loss_names`: columns of the curve; `options`: the stage's `evaluations_per_epoch` and `checkpoint_s`."""
        self._phases = phases
        self._parameters = parameters
        self._data = data
        self._out = out
        self._clock = clock
        self._loss_names = loss_names
        self._evaluation_steps = max(1, data.steps_per_epoch // int(options["evaluations_per_epoch"]))
        self._checkpoint_s = float(options["checkpoint_s"])
        self._progress = Progress()
        self._window: list[Mapping[str, E.Tensor | float]] = []

    def run(self) -> History:
        """Train from the last checkpoint on; the parameters end as the best evaluated ones of the last phase.

        Raises StopRequestedError, with a checkpoint written, when a signal has arrived, and BadInputError when the loss diverges.
        """
        moments: Arrays = {}
        if restored := checkpoint.load(self._out):
            self._progress, arrays = restored
            load_parameters(self._parameters, arrays)
            moments = {name: array for name, array in arrays.items() if name not in self._parameters}
            self._window = list(self._progress.window)
            events.note(f"resumed in the phase {self._phases[self._progress.phase].name}, step {self._progress.step}")
        for index in range(self._progress.phase, len(self._phases)):
            if index > self._progress.phase:
                self._progress.phase, self._progress.step, moments = index, 0, {}
            if len(self._progress.phase_seconds) <= index:
                self._progress.phase_seconds.append(0.0)
            self._run_phase(self._phases[index], moments)
        if self._phases[-1].evaluate is not None:
            load_parameters(self._parameters, load_file(self._out / BEST))
        return History(self._progress)

    def _run_phase(self, phase: Phase, moments: Arrays) -> None:
        progress, options = self._progress, phase.options
        optimizer = E.Adam(*split_decay(self._parameters), weight_decay=options["weight_decay"], eps=ADAM_EPS)
        optimizer.load_state(moments)
        epochs, steps_per_epoch = int(options["epochs"]), self._data.steps_per_epoch
        steps = epochs * steps_per_epoch
        rows_total = epochs * len(self._data.rows)
        saved_s = timed_s = time.monotonic()
        while progress.step < steps:
            epoch, first = divmod(progress.step, steps_per_epoch)
            for rows in self._data.batches(progress.phase, epoch)[first:]:
                rate = learning_rate(
                    progress.step, steps, options["learning_rate"], options["warmup_fraction"], options["schedule"]
                )
                self._step(phase, rows, rate, optimizer)
                done = min(progress.step * self._data.batch_size, rows_total)
                events.progress(
                    f"{phase.name} epoch {epoch + 1}/{epochs}", done, rows_total, "rows", self._last_point()
                )
                progress.phase_seconds[-1] += time.monotonic() - timed_s
                if phase.evaluate is not None and (
                    progress.step % self._evaluation_steps == 0 or progress.step == steps
                ):
                    self._evaluate(phase.name, phase.evaluate)
                timed_s = time.monotonic()
                if stop.requested() or timed_s - saved_s >= self._checkpoint_s:
                    self._save(optimizer)
                    stop.check()
                    saved_s = timed_s = time.monotonic()
        self._flush(phase.name)
        self._save(optimizer)

    def _step(self, phase: Phase, rows: np.ndarray, rate: float, optimizer: E.Adam) -> None:
        progress = self._progress
        E.seed(int(np.random.SeedSequence([self._data.seed, progress.phase, progress.step]).generate_state(1)[0]))
        terms = phase.loss(self._data.collate(rows))
        loss = total(list(terms.values()))
        optimizer.zero_grad()
        E.backward(loss)
        E.clip_grad_norm(list(self._parameters.values()), MAX_GRADIENT_NORM)
        optimizer.step(rate)
        progress.learning_rate = rate
        self._window.append({"loss": loss.detach(), **{name: term.detach() for name, term in terms.items()}})
        progress.step += 1
        progress.total_steps += 1
        progress.rows_seen += len(rows)
        if len(self._window) >= LOG_STEPS:
            self._flush(phase.name)

    def _flush(self, phase: str) -> None:
        """Turn the window of losses into one point of the curve."""
        if not self._window:
            return
        window = self._window_as_floats()
        point = {name: sum(losses[name] for losses in window) / len(window) for name in window[0]}
        self._check_finite(phase, point)
        values = [point.get(name) for name in self._loss_names]
        progress = self._progress
        row = [phase, progress.total_steps, progress.rows_seen, point["loss"], *values, progress.learning_rate]
        progress.train_rows.append(row)
        self._window = []

    def _window_as_floats(self) -> list[dict[str, float]]:
        return [
            {name: value if isinstance(value, float) else float(E.to_numpy(value)) for name, value in losses.items()}
            for losses in self._window
        ]

    def _check_finite(self, phase: str, values: Mapping[str, float]) -> None:
        if not all(map(math.isfinite, values.values())):
            step = self._progress.step
            raise BadInputError(
                f"the loss of the phase {phase} is no number at step {step}: choose a lower learning_rate"
            )

    def _evaluate(self, phase: str, evaluate: Evaluation) -> None:
        progress, found = self._progress, evaluate()
        self._check_finite(phase, found)
        progress.dev_rows.append([phase, progress.total_steps, found["score"], found["loss"]])
        if progress.best_score is None or found["score"] > progress.best_score:
            progress.best_score, progress.best_step = found["score"], progress.total_steps
            weights = {name: E.to_numpy(parameter) for name, parameter in self._parameters.items()}
            artifacts.write_atomically(self._out / BEST, lambda path: save_file(weights, path))

    def _save(self, optimizer: E.Adam) -> None:
        weights = {name: E.to_numpy(parameter) for name, parameter in self._parameters.items()}
        self._progress.window = self._window_as_floats()
        self._window = list(self._progress.window)
        checkpoint.save(self._out, self._progress, weights | optimizer.state())
        self._clock.save()

    def _last_point(self) -> dict[str, float]:
        rows = self._progress.train_rows
        return {"loss": rows[-1][3]} if rows else {}


def split_decay(parameters: Mapping[str, E.Parameter]) -> tuple[E.NamedParameters, E.NamedParameters]:
    """Parameters with weight decay, and those without: biases and LayerNorm, as in BERT's own optimiser."""
    exempt = [name for name in parameters if name.endswith("bias") or "LayerNorm" in name]
    decayed = [(name, parameter) for name, parameter in parameters.items() if name not in set(exempt)]
    return decayed, [(name, parameters[name]) for name in exempt]


def load_parameters(parameters: Mapping[str, E.Parameter], arrays: Arrays) -> None:
    for name, parameter in parameters.items():
        E.assign(parameter, arrays[name])
