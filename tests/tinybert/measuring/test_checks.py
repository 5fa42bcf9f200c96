"""What makes a timing believable, each check on the real thing and on one that is deliberately broken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.tinybert.tiny import THREADS, Project
from tinybert import engine as E
from tinybert.data.tokens import load_tokens
from tinybert.measuring import checks
from tinybert.measuring.limits import Limits
from tinybert.measuring.orders import Orders
from tinybert.measuring.runtimes import EngineRuntime, open_runtime
from tinybert.measuring.validity import Facts, Round, judge


@pytest.fixture
def orders(project: Project) -> Orders:
    project.need("prepare", "teacher")
    return Orders(
        directory=str(project.root / "teacher" / "model"),
        runtime="engine", precision="float32", device="cpu", threads=THREADS, engine=E.NAME, labels=("0", "1"), metric="accuracy", seed=1,
        tokens=str(project.root / "prepare" / "dev.safetensors"), records="", dataset_pass=None,
        cells=((1, 16), (8, "real")), warmup={}, round={}, with_first_pass=False, with_checks=True, has_labels=True, find_peak=False,
    )  # fmt: skip


def test_synchronisation_is_proved() -> None:
    proof = checks.prove_synchronization("cpu")
    assert proof.proved
    assert proof.fetched_ms < proof.synchronized_ms


@pytest.mark.engine("oneflow")
def test_a_broken_synchronisation_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """OneFlow queues its work on the CPU too: a synchronisation that returns at once leaves the waiting to the fetch."""
    monkeypatch.setattr(E, "synchronize", lambda device: None)
    proof = checks.prove_synchronization("cpu")
    assert not proof.proved
    rounds = [Round([1.0, 1.01, 1.02]), Round([1.0, 1.01, 1.02])]
    timing = judge(rounds, Limits(3, 2, variation=0.05, growth=1.0), Facts(proof.proved), "ms")
    assert (timing.status, [reason.code for reason in timing.reasons]) == ("invalid", ["synchronization"])


def test_other_predictions_are_caught(project: Project, orders: Orders) -> None:
    tokens = load_tokens(Path(orders.tokens))
    right = EngineRuntime(Path(orders.directory), orders.labels, "float32", "cpu")
    assert checks.compare_predictions(orders, right, tokens) == {"rows": 9, "different": 0, "agreement": 1.0}

    class Inverted(EngineRuntime):
        def to_numpy(self, logits: object) -> np.ndarray:
            return -super().to_numpy(logits)

    wrong = checks.compare_predictions(
        orders, Inverted(Path(orders.directory), orders.labels, "float32", "cpu"), tokens
    )
    assert wrong["agreement"] == 0 and wrong["different"] > 0


@pytest.mark.engine("torch")
@pytest.mark.parametrize("name", ["transformers", "onnxruntime"])
def test_peers_compute_the_same(project: Project, orders: Orders, tmp_path: Path, name: str) -> None:
    tokens = load_tokens(Path(orders.tokens))
    peer = open_runtime(name, Path(orders.directory), orders.labels, "float32", "cpu", THREADS, tmp_path)
    assert checks.compare_predictions(replace(orders, runtime=name), peer, tokens)["agreement"] == 1


def test_the_peak_is_a_speed_that_products_reach() -> None:
    peak = checks.matrix_peak("float32", "cpu")
    assert 1 < peak["gflop_per_s"] < 10_000


def test_scores_are_the_same_up_to_the_tolerance() -> None:
    reference = np.array([[0.5], [3.0], [4.0]], np.float32)
    same, decided = checks._compared(reference + np.array([[0], [0.09], [-0.11]], np.float32), reference, 0.1)
    assert same.tolist() == [True, True, False] and decided.all()


def test_undecided_rows_may_differ() -> None:
    reference = np.array([[1, 0.95, -3], [1, 0, -3], [0, 2, 1]], np.float32)
    same, decided = checks._compared(np.array([[0, 1, 0], [0, 1, 0], [0, 1, 0]], np.float32), reference, 0.1)
    assert same.tolist() == [False, False, True]
    assert decided.tolist() == [False, True, True]
