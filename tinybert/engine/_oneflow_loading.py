"""Import OneFlow without its log lines, and with oneMKL in place of the BLAS inside its wheel."""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator
from importlib import import_module, metadata
from typing import Any

import numpy as np

from tinybert.errors import InfrastructureError

REMEDY = "remove .venv-oneflow and run again: it is made anew from containers/requirements/oneflow.txt"


# Read once, when the libraries are loaded; what the user has set stands.
ENVIRONMENT = {
    "GLOG_minloglevel": "2",
    # OneFlow's scheduler runs the kernels itself. By default it hands them to a second thread and spins until they are done, on the
    # very core that the second half of a matrix product needs.
    "ONEFLOW_VM_COMPUTE_ON_WORKER_THREAD": "0",
    # A product's helper threads wait 1 ms for the next one before they sleep: longer than the gaps in an attention's many small
    # products, shorter than OpenMP's 200 ms, in which they would hold a core that other operations could use.
    "KMP_BLOCKTIME": "1",
    # And wait without sched_yield: beside other work, steps with it were several times slower (docs/engines.md).
    "KMP_USE_YIELD": "0",
}


class Mkl:
    """oneMKL, loaded so that OneFlow multiplies matrices with it.

    OneFlow reaches its BLAS through dynamic symbols (`cblas_sgemm` and three more), and a library that stands in the process's global
    scope before OneFlow is loaded answers them first (ld.so(8)). The bundled OpenBLAS takes a processor of today for a Prescott of 2004,
    never uses a second core, and its AVX kernels leave the vector registers in a state that makes libm ten times slower.
    """

    def __init__(self) -> None:
        try:
            path = next(file.locate() for file in metadata.files("mkl") or () if file.name.startswith("libmkl_rt.so"))
            self._library = ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
        except (metadata.PackageNotFoundError, StopIteration, OSError) as error:
            raise InfrastructureError(f"OneFlow's environment lacks a working oneMKL ({error}): {REMEDY}") from error
        self._library.MKL_Set_Dynamic(0)

    def set_threads(self, count: int) -> None:
        self._library.MKL_Set_Num_Threads(count)

    def normal_cdf(self, x: np.ndarray) -> np.ndarray:
        """The standard normal distribution function of a float32 array, within 1 ulp (oneMKL's `v?CdfNorm`)."""
        x = np.ascontiguousarray(x, np.float32)
        result = np.empty_like(x)
        self._library.vsCdfNorm(
            ctypes.c_int(x.size), ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(result.ctypes.data)
        )
        return result


def load() -> tuple[Any, Mkl]:
    """The module `oneflow` and its oneMKL. Raises InfrastructureError where either is missing."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    mkl = Mkl()
    try:
        with _silenced_stderr():
            return import_module("oneflow"), mkl
    except ImportError as error:
        raise InfrastructureError(f"OneFlow cannot be imported ({error}): {REMEDY}") from error


@contextlib.contextmanager
def _silenced_stderr() -> Iterator[None]:
    """Send file descriptor 2 to /dev/null: a library of OneFlow's says "libibverbs not available" there, and no variable stops it."""
    saved = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)
