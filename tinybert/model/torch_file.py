"""Tensors from a file that `torch.save` wrote, read without PyTorch and without running what the pickle in it says.

Two layouts carry the same pickle: a ZIP archive (PyTorch 1.6 and later), and before that one stream of pickles followed by the raw
storages (Huawei's published TinyBERTs are of that time). Both are described by `torch/serialization.py`, `_save` and `_legacy_save`.
"""

from __future__ import annotations

import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from tinybert.errors import BadInputError

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
# torch's storage classes and the little-endian elements in them; NumPy has no bfloat16: the upper half of a float32.
ELEMENTS = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "BFloat16Storage": "<u2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "<u1",
    "BoolStorage": "<?",
}


@dataclass(frozen=True)
class _Storage:
    key: str
    kind: str


@dataclass(frozen=True)
class _Tensor:
    """A view of a storage; the storages come after the pickle that describes the views."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_torch_file(path: Path) -> dict[str, np.ndarray]:
    """The tensors of a state dictionary; floating-point ones as float32.

    Raises BadInputError when the file is damaged, big-endian, no state dictionary, or asks for anything but rebuilding tensors.
    """
    try:
        with path.open("rb") as file:
            state, elements = _read_archive(file) if zipfile.is_zipfile(file) else _read_stream(file)
            if not isinstance(state, dict):
                raise BadInputError(
                    f"{path} holds a {type(state).__name__}, no dictionary of tensors: give a model's state_dict"
                )
            tensors = {str(name): value for name, value in state.items() if isinstance(value, _Tensor)}
            return {name: _materialize(tensor, elements(tensor.storage)) for name, tensor in tensors.items()}
    except (BadInputError, OSError, MemoryError):
        raise
    except _ForbiddenError as error:
        raise BadInputError(f"{path} asks for {error}, which no state_dict needs: do not trust this file") from error
    except Exception as error:  # a damaged pickle can fail in any way
        raise BadInputError(f"{path} is damaged or not written by torch.save ({error}): fetch it again") from error


class _ForbiddenError(pickle.UnpicklingError):
    """The pickle names something beside tensors."""


class _Unpickler(pickle.Unpickler):
    """Resolves the few names that a state dictionary consists of; no other code can be reached from the pickle."""

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in ELEMENTS:
            return name
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise _ForbiddenError(f"{module}.{name}") from None

    def persistent_load(self, pid: Any) -> _Storage:
        _, kind, key, *_ = pid
        return _Storage(str(key), kind)


def _rebuild_tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any
) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


def _rebuild_parameter(data: _Tensor, *_: Any) -> _Tensor:
    return data


_ALLOWED: dict[tuple[str, str], Callable[..., Any]] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
}

_Reader = Callable[[_Storage], np.ndarray]


def _read_archive(file: IO[bytes]) -> tuple[Any, _Reader]:
    """`NAME/data.pkl` and one entry `NAME/data/KEY` a storage; ZIP's checksums are verified on the way."""
    archive = zipfile.ZipFile(file)
    names = archive.namelist()
    root = next(name for name in names if name.endswith("/data.pkl")).removesuffix("data.pkl")
    if root + "byteorder" in names and archive.read(root + "byteorder") != b"little":
        raise ValueError("big-endian")
    with archive.open(root + "data.pkl") as stream:
        state = _Unpickler(stream).load()
    return state, lambda storage: np.frombuffer(archive.read(f"{root}data/{storage.key}"), ELEMENTS[storage.kind])


def _read_stream(file: IO[bytes]) -> tuple[Any, _Reader]:
    """Pickles: magic number, protocol, system, state, storage keys; then each storage's length in elements (int64) and bytes."""
    file.seek(0)
    if _Unpickler(file).load() != LEGACY_MAGIC:
        raise ValueError("unknown layout")
    _Unpickler(file).load()
    if not _Unpickler(file).load()["little_endian"]:
        raise ValueError("big-endian")
    unpickler = _StreamUnpickler(file)
    state = unpickler.load()
    arrays: dict[str, np.ndarray] = {}
    for key in _Unpickler(file).load():
        (count,) = struct.unpack("<q", file.read(8))
        dtype = np.dtype(ELEMENTS[unpickler.kinds[str(key)]])
        arrays[str(key)] = np.frombuffer(file.read(count * dtype.itemsize), dtype, count)
    return state, lambda storage: arrays[storage.key]


class _StreamUnpickler(_Unpickler):
    """Remembers each storage's kind: the raw part of the stream does not repeat it."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self.kinds: dict[str, str] = {}

    def persistent_load(self, pid: Any) -> _Storage:
        storage = super().persistent_load(pid)
        self.kinds[storage.key] = storage.kind
        return storage


def _materialize(tensor: _Tensor, elements: np.ndarray) -> np.ndarray:
    """A contiguous copy of the view. Raises ValueError where it reaches beyond its storage."""
    extents = list(zip(tensor.shape, tensor.strides, strict=True))
    size = int(np.prod(tensor.shape, dtype=object))
    last = tensor.offset + sum((length - 1) * stride for length, stride in extents)
    if (
        min([tensor.offset, *tensor.shape, *tensor.strides]) < 0
        or size > len(elements)
        or (size and last >= len(elements))
    ):
        raise ValueError("a tensor reaches beyond its storage")
    byte_strides = [stride * elements.itemsize for stride in tensor.strides]
    view = np.lib.stride_tricks.as_strided(elements[tensor.offset :], tensor.shape, byte_strides, writeable=False)
    if tensor.storage.kind == "BFloat16Storage":
        return (view.astype(np.uint32, order="C") << 16).view(np.float32)
    return view.astype(np.float32 if view.dtype.kind == "f" else view.dtype, order="C")
