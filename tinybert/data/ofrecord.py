"""OFRecord files in the layout of the published OneFlow TinyBERT, written and read without OneFlow.

A file is a sequence of records: an int64 little-endian length, then a protobuf message `oneflow.OFRecord` of that many
bytes. Each record has five int32 lists: `input_ids`, `input_mask` and `segment_ids` of 128, `label_ids` and
`is_real_example` of 1. The published tool fails on a regression (STS-B); here its `label_ids` is a float list of 1.

The writer encodes the protobuf wire format (https://protobuf.dev/programming-guides/encoding) itself: about four times as
fast as filling messages, and the same bytes in every release, where protobuf leaves the order of map entries open.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from google.protobuf import descriptor_pb2, message, message_factory, text_format
from numpy.typing import NDArray

from tinybert import artifacts
from tinybert.data.batches import Batch, collate
from tinybert.data.tokens import Tokens, offsets_of, truncate
from tinybert.errors import BadInputError

LENGTH = 128
SEQUENCES = ("input_ids", "input_mask", "segment_ids")
FIELDS = dict.fromkeys(SEQUENCES, LENGTH) | {"label_ids": 1, "is_real_example": 1}
LARGEST = {"input_mask": 1, "segment_ids": 1, "is_real_example": 1}
PREFIX = struct.Struct("<q")
FLOAT = struct.Struct("<f")
FLOAT_LIST, INT32_LIST = 2, 4
# `oneflow/core/record/record.proto`, as far as these files use it.
RECORD_PROTO = """
name: "tinybert/record.proto" package: "oneflow"
message_type { name: "Int32List"
  field { name: "value" number: 1 label: LABEL_REPEATED type: TYPE_INT32 options { packed: true } } }
message_type { name: "FloatList"
  field { name: "value" number: 1 label: LABEL_REPEATED type: TYPE_FLOAT options { packed: true } } }
message_type { name: "Feature"
  oneof_decl { name: "kind" }
  field { name: "float_list" number: 2 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".oneflow.FloatList"
    oneof_index: 0 }
  field { name: "int32_list" number: 4 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".oneflow.Int32List"
    oneof_index: 0 } }
message_type { name: "OFRecord"
  field {
    name: "feature" number: 1 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: ".oneflow.OFRecord.FeatureEntry" }
  nested_type { name: "FeatureEntry" options { map_entry: true }
    field { name: "key" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }
    field { name: "value" number: 2 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".oneflow.Feature" } } }
"""
_FILE = text_format.Parse(RECORD_PROTO, descriptor_pb2.FileDescriptorProto())
OFRecord: Any = message_factory.GetMessages([_FILE])["oneflow.OFRecord"]
Record = dict[str, NDArray[Any]]
"""A record's fields by name: int32, and float32 for the score of a regression."""
# A record of these fields takes at most 128 * 5 bytes for ids and 128 * 2 for the rest; more means a damaged length.
MAX_RECORD_BYTES = 1 << 20


def write_records(path: Path, tokens: Tokens) -> int:
    """Write all rows, cut and zero-padded to 128; the file replaces an earlier one. Returns the number of records."""
    tokens = truncate(tokens, LENGTH)

    def write(target: Path) -> None:
        with target.open("wb") as file:
            file.writelines(_encode(tokens, row) for row in range(len(tokens)))

    artifacts.write_atomically(path, write)
    return len(tokens)


def read_batches(path: Path, batch_size: int, length: int) -> Iterator[Batch]:
    """The file's rows in order, each once, cut and padded to `length`; rows with `is_real_example` 0 are left out.

    Raises BadInputError for a missing, cut-off or damaged file, naming the record.
    """
    records = _records(path)
    first = 0
    while chunk := list(islice(records, batch_size)):
        tokens = truncate(_tokens(chunk), length)
        batch = collate(tokens, np.arange(len(tokens)), length)
        yield Batch(batch.input_ids, batch.attention_mask, batch.segment_ids, batch.labels, batch.rows + first)
        first += len(chunk)


def _encode(tokens: Tokens, row: int) -> bytes:
    ids = tokens.input_ids[tokens.offsets[row] : tokens.offsets[row + 1]].tolist()
    first, second = int(tokens.first_lengths[row]), len(ids) - int(tokens.first_lengths[row])
    padding = bytes(LENGTH - len(ids))
    record = (
        _feature(b"input_ids", b"".join(map(_varint, ids)) + padding)
        + _constant_feature(b"input_mask", b"\1" * len(ids) + padding)
        + _constant_feature(b"segment_ids", bytes(first) + b"\1" * second + padding)
        + _label_feature(tokens.labels[row].item())
        + _constant_feature(b"is_real_example", b"\1")
    )
    return PREFIX.pack(len(record)) + record


@cache
def _varint(value: int) -> bytes:
    """Base-128, least significant group first."""
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)


def _field(number: int, payload: bytes) -> bytes:
    """A length-delimited field (wire type 2)."""
    return _varint(number << 3 | 2) + _varint(len(payload)) + payload


def _feature(name: bytes, values: bytes, kind: int = INT32_LIST) -> bytes:
    """A map entry of OFRecord.feature: key 1, value 2; the list is a field of Feature, its value is 1, packed."""
    return _field(1, _field(1, name) + _field(2, _field(kind, _field(1, values))))


def _label_feature(label: float) -> bytes:
    """A class is an int, a score a float."""
    if isinstance(label, int):
        return _constant_feature(b"label_ids", _varint(label))
    return _constant_feature(b"label_ids", FLOAT.pack(label), FLOAT_LIST)


# All but the ids take few different values.
_constant_feature = lru_cache(maxsize=1 << 16)(_feature)


def _records(path: Path) -> Iterator[Record]:
    """The real examples' fields; `label_ids` has one type in all of them."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise BadInputError(f"{path} does not exist: run the stage prepare") from None
    with file:
        number = 0
        kinds: set[np.dtype[Any]] = set()
        while (record := _read_record(path, file, number)) is not None:
            kinds.add(record["label_ids"].dtype)
            if len(kinds) > 1:
                raise _damaged(path, number, "label_ids has another type than in the records before")
            if record["is_real_example"][0]:
                yield record
            number += 1


def _read_record(path: Path, file: BinaryIO, number: int) -> Record | None:
    """The next record's fields, None at the end of the file."""
    prefix = file.read(PREFIX.size)
    if not prefix:
        return None
    size = PREFIX.unpack(prefix)[0] if len(prefix) == PREFIX.size else -1
    if not 0 <= size <= MAX_RECORD_BYTES:
        raise _damaged(path, number, "its length is cut off or absurd")
    raw = file.read(size)
    if len(raw) < size:
        raise _damaged(path, number, f"it has {len(raw)} of {size} bytes")
    try:
        features = OFRecord.FromString(raw).feature
    except message.DecodeError:
        raise _damaged(path, number, "it is no protobuf message") from None
    fields: Record = {name: np.array(features[name].int32_list.value[:], np.int32) for name in FIELDS}
    if features["label_ids"].WhichOneof("kind") == "float_list":
        fields["label_ids"] = np.array(features["label_ids"].float_list.value[:], np.float32)
    for name, values in fields.items():
        if len(values) != FIELDS[name]:
            raise _damaged(path, number, f"{name} has {len(values)} values, not {FIELDS[name]}")
        if not _is_in_range(name, values):
            raise _damaged(path, number, f"{name} holds a value out of range")
    return fields


def _is_in_range(name: str, values: NDArray[Any]) -> bool:
    if values.dtype == np.float32:
        return bool(np.isfinite(values).all())
    return bool(0 <= values.min() <= values.max() <= LARGEST.get(name, values.max()))


def _damaged(path: Path, number: int, what: str) -> BadInputError:
    return BadInputError(f"{path}, record {number} is damaged, {what}: remove the file and run the stage prepare again")


def _tokens(records: list[Record]) -> Tokens:
    input_ids, mask, segments = (np.stack([record[name] for record in records]) for name in SEQUENCES)
    lengths = mask.sum(axis=1)
    return Tokens(
        input_ids=input_ids[mask == 1],
        offsets=offsets_of(lengths),
        first_lengths=(lengths - segments.sum(axis=1)).astype(np.uint16),
        labels=np.concatenate([record["label_ids"] for record in records]),
    )
