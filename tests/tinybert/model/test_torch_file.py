"""The files are written by torch where it is installed; the hostile ones are written by hand and need none."""

from __future__ import annotations

import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from tests.tinybert.tiny import TEACHER, write_weights
from tinybert.errors import BadInputError
from tinybert.model.torch_file import read_torch_file
from tinybert.model.weights import FILE, TORCH_FILE, load_weights

LAYOUTS = pytest.mark.parametrize("archive", [True, False], ids=["archive", "stream"])


class Reduced:
    """Pickles as a call of `function(*arguments)`."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.call


def write_archive(path: Path, state: bytes, storages: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data.pkl", state)
        for key, raw in storages.items():
            archive.writestr(f"model/data/{key}", raw)
    return path


def tensor_pickle(shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0) -> bytes:
    """What torch pickles for {"w": tensor of float32 in storage "0"}, assembled by hand (protocol 2)."""
    storage = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ"
    arguments = b"(" + storage + pickle_int(offset) + pickle_ints(shape) + pickle_ints(strides)
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n" + arguments + b"\x89ccollections\nOrderedDict\n)RtR"
    return b"\x80\x02}X\x01\x00\x00\x00w" + tensor + b"s."


def pickle_int(value: int) -> bytes:
    return b"J" + value.to_bytes(4, "little", signed=True)


def pickle_ints(values: tuple[int, ...]) -> bytes:
    return b"(" + b"".join(map(pickle_int, values)) + b"t"


RAW = np.arange(6, dtype="<f4").tobytes()


def test_archive_assembled_by_hand(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "x.bin", tensor_pickle((2, 2), (1, 3), 1), {"0": RAW})
    np.testing.assert_array_equal(read_torch_file(path)["w"], [[1, 4], [2, 5]])


@pytest.mark.parametrize(
    ("shape", "strides", "offset"),
    [((7,), (1,), 0), ((2,), (1,), 5), ((2,), (6,), 0), ((2,), (-1,), 1), ((1000000,), (0,), 0), ((2,), (1,), -1)],
)
def test_tensor_beyond_its_storage(tmp_path: Path, shape: tuple[int], strides: tuple[int], offset: int) -> None:
    path = write_archive(tmp_path / "x.bin", tensor_pickle(shape, strides, offset), {"0": RAW})
    with pytest.raises(BadInputError, match="beyond its storage"):
        read_torch_file(path)


@LAYOUTS
def test_hostile_pickle_runs_nothing(tmp_path: Path, archive: bool) -> None:
    for number, function in enumerate((__import__("os").mkdir, eval, Path.touch, getattr)):
        target = tmp_path / f"ran{number}"
        arguments = (f"__import__('os').mkdir({str(target)!r})",) if function is eval else (str(target),)
        state = pickle.dumps({"w": Reduced(function, *arguments)}, protocol=2)
        path = tmp_path / "x.bin"
        if archive:
            write_archive(path, state, {})
        else:
            path.write_bytes(state)
        with pytest.raises(BadInputError, match="do not trust this file"):
            read_torch_file(path)
        assert not target.exists()


def test_no_state_dictionary(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "x.bin", pickle.dumps([1, 2]), {})
    with pytest.raises(BadInputError, match="no dictionary of tensors"):
        read_torch_file(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"version https://git-lfs.github.com/spec/v1\n", b"\x80\x02."])
def test_something_else(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.bin").write_bytes(content)
    with pytest.raises(BadInputError, match="damaged or not written by torch"):
        read_torch_file(tmp_path / "x.bin")


@pytest.mark.engine("torch")
@LAYOUTS
def test_every_element_type_and_view(tmp_path: Path, archive: bool) -> None:
    import torch

    table = torch.randn(10, 12)
    state = OrderedDict(
        float32=torch.randn(3, 4),
        float64=torch.randn(2).double(),
        float16=torch.randn(5).half(),
        bfloat16=torch.randn(2, 5).bfloat16(),
        int64=torch.arange(5),
        bool=torch.tensor([True, False]),
        transposed=table.t(),
        part=table[2:5, 3:7],
        scalar=torch.tensor(1.5, dtype=torch.bfloat16),
        empty=torch.zeros(0, 3),
        parameter=torch.nn.Parameter(torch.randn(2, 2)),
    )
    torch.save(state, tmp_path / "x.bin", _use_new_zipfile_serialization=archive)
    found = read_torch_file(tmp_path / "x.bin")
    assert found.keys() == state.keys()
    for name, tensor in state.items():
        expected = tensor.detach().float().numpy() if tensor.is_floating_point() else tensor.numpy()
        assert found[name].dtype == expected.dtype, name
        assert found[name].flags.c_contiguous
        np.testing.assert_array_equal(found[name], expected)


@pytest.mark.engine("torch")
@LAYOUTS
def test_pytorch_model_bin_is_read_where_there_is_no_safetensors(tmp_path: Path, archive: bool) -> None:
    import torch

    weights = write_weights(tmp_path / "model", TEACHER)
    (tmp_path / "model" / FILE).unlink()
    state = OrderedDict((name, torch.tensor(array)) for name, array in weights.items())
    state["fit_dense.weight"] = torch.zeros(2, 2)
    state["cls.predictions.decoder.weight"] = state["bert.embeddings.word_embeddings.weight"]  # tied: one storage
    torch.save(state, tmp_path / "model" / TORCH_FILE, _use_new_zipfile_serialization=archive)
    _, loaded, drawn = load_weights(tmp_path / "model", ("0", "1"), seed=1)
    assert drawn == []
    for name, array in weights.items():
        np.testing.assert_array_equal(loaded[name], array)


@pytest.mark.engine("torch")
@LAYOUTS
@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.99])
def test_truncated(tmp_path: Path, archive: bool, fraction: float) -> None:
    import torch

    path = tmp_path / "x.bin"
    torch.save({"w": torch.randn(100, 100)}, path, _use_new_zipfile_serialization=archive)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * fraction)])
    with pytest.raises(BadInputError, match=r"x\.bin is damaged.*fetch it again"):
        read_torch_file(path)
