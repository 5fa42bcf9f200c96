"""Import OneFlow without its log lines, and with a BLAS that uses every core."""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator
from importlib import import_module, metadata
from typing import Any

from tinybert.errors import InfrastructureError

REMEDY = "remove .venv-oneflow and run again: it is made anew from containers/requirements/oneflow.txt"


class Blas:
    """oneMKL, which stands in for the single-threaded OpenBLAS inside OneFlow's wheel.

    OneFlow reaches its BLAS through two dynamic symbols, `cblas_sgemm` and `cblas_dgemm`. A library loaded before it into the
    process's global scope answers them first (ld.so(8), "symbol lookup"). The bundled OpenBLAS knows no AVX-512 processor, never uses
    a second core, and leaves the upper halves of the vector registers dirty, which makes libm's `exp` in GELU's backward ten times slower.
    """

    def __init__(self) -> None:
        # Between two products the second thread sleeps at once instead of spinning for 200 ms, OpenMP's default.
        os.environ.setdefault("KMP_BLOCKTIME", "0")
        try:
            files = metadata.files("mkl") or []
            path = next(file.locate() for file in files if file.name.startswith("libmkl_rt.so"))
            self._library = ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
        except (metadata.PackageNotFoundError, StopIteration, OSError) as error:
            raise InfrastructureError(f"OneFlow's environment lacks a working oneMKL ({error}): {REMEDY}") from error
        self._library.MKL_Set_Dynamic(0)

    def set_threads(self, count: int) -> None:
        self._library.MKL_Set_Num_Threads(count)


def load() -> tuple[Any, Blas]:
    """The module `oneflow` and its BLAS. Raises InfrastructureError where either is missing."""
    os.environ.setdefault("GLOG_minloglevel", "2")
    blas = Blas()
    try:
        with _silenced_stderr():
            return import_module("oneflow"), blas
    except ImportError as error:
        raise InfrastructureError(f"OneFlow cannot be imported ({error}): {REMEDY}") from error


@contextlib.contextmanager
def _silenced_stderr() -> Iterator[None]:
    """Send file descriptor 2 to /dev/null: OneFlow's libraries write "libibverbs not available" there, and no variable stops it."""
    saved = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)
