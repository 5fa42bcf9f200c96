"""What would abort OneFlow, or pass in silence, is a message of ours."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from tinybert import engine as E
from tinybert.engine_choice import VARIABLE
from tinybert.errors import BadInputError, InfrastructureError

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("ids", [[0, -1], [7, 30522]])
def test_ids_out_of_range(ids: list[int]) -> None:
    """OneFlow aborts on a negative id and answers one too large with zeros."""
    with pytest.raises(BadInputError, match="30522"):
        E.check_ids(np.array(ids), 30522)


@pytest.mark.parametrize("labels", [[0, -1], [1, 2]])
def test_labels_out_of_range(labels: list[int]) -> None:
    """OneFlow's cross-entropy answers with a wrong number."""
    with pytest.raises(BadInputError, match="labels"):
        E.check_labels(np.array(labels), 2)


def test_ids_and_labels_at_the_ends_pass() -> None:
    E.check_ids(np.array([0, 30521]), 30522)
    E.check_labels(np.array([0, 1]), 2)
    E.check_ids(np.array([], np.int64), 1)


def test_cuda_without_a_gpu() -> None:
    """OneFlow aborts at the first touch of a device that is not there."""
    if import_module(E.NAME).cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(InfrastructureError, match="DEVICE=cpu"):
        E.setup("cuda", threads=1)


def test_import_and_first_operation_are_silent() -> None:
    """With no variable set by hand. OneFlow would say that it found no CUDA driver and no libibverbs."""
    code = (
        "from tinybert import engine as E; import numpy as np; E.setup('cpu', 1); "
        "E.to_numpy(E.gelu(E.tensor(np.ones(3, np.float32), 'cpu')))"
    )
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=keep | {VARIABLE: E.NAME},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_synchronize_waits() -> None:
    """Work is queued in less time than it takes; after `synchronize` nothing of it is left."""
    a = E.tensor(np.ones((1024, 1024), np.float32), "cpu")
    zero = E.tensor(np.zeros(1024, np.float32), "cpu")
    E.synchronize("cpu")
    started_s = time.perf_counter()
    for _ in range(10):
        E.linear(a, a, zero)
    E.synchronize("cpu")
    waited_s = time.perf_counter() - started_s
    started_s = time.perf_counter()
    E.synchronize("cpu")
    assert time.perf_counter() - started_s < waited_s / 4


@pytest.mark.engine("oneflow")
def test_synchronize_is_what_waits() -> None:
    a = E.tensor(np.ones((1024, 1024), np.float32), "cpu")
    zero = E.tensor(np.zeros(1024, np.float32), "cpu")
    E.synchronize("cpu")
    started_s = time.perf_counter()
    for _ in range(20):
        E.linear(a, a, zero)
    queued_s = time.perf_counter() - started_s
    E.synchronize("cpu")
    assert queued_s < (time.perf_counter() - started_s) / 2


@pytest.mark.engine("oneflow")
def test_matrices_are_multiplied_by_mkl() -> None:
    """The symbol that OneFlow binds is oneMKL's: the libraries of this process answer in the order of the global scope."""
    import ctypes

    class Found(ctypes.Structure):
        _fields_ = [
            ("file", ctypes.c_char_p),
            ("base", ctypes.c_void_p),
            ("name", ctypes.c_char_p),
            ("at", ctypes.c_void_p),
        ]

    found = Found()
    process = ctypes.CDLL(None)
    assert process.dladdr(ctypes.cast(process.cblas_sgemm, ctypes.c_void_p), ctypes.byref(found))
    assert found.file is not None and b"libmkl" in found.file
