from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tinybert.data.batches import Batch, collate
from tinybert.data.ofrecord import OFRecord, read_batches, write_records
from tinybert.data.tokens import Tokens, truncate
from tinybert.errors import BadInputError


def make_tokens(
    rows: list[list[int]], first_lengths: list[int] | None = None, labels: list[int] | None = None
) -> Tokens:
    lengths = [len(row) for row in rows]
    return Tokens(
        input_ids=np.array([token for row in rows for token in row], np.uint32),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        first_lengths=np.array(first_lengths or lengths, np.uint16),
        labels=np.array(labels or [row % 2 for row in range(len(rows))], np.int32),
    )


ROWS = make_tokens(
    [[101, 127, 128, 16383, 16384, 30521, 102], [101, 102], [101, 2**21 - 1, 2**21, 102, 7, 102]],
    [7, 2, 4],
    [1, 0, 300],
)

SCORES = replace(ROWS, labels=np.array([3.8, 0, 5], np.float32))

DIGEST = "8860dd426d7bb1d4f56e2962d00d7a65a8c6d03fc5b437bdd79677f39035a6f0"


def messages(path: Path) -> Iterator[Any]:
    """The features of every record as protobuf itself reads it."""
    raw = path.read_bytes()
    while raw:
        (size,) = struct.unpack("<q", raw[:8])
        yield OFRecord.FromString(raw[8 : 8 + size]).feature
        raw = raw[8 + size :]


def everything(path: Path, batch_size: int = 2, length: int = 128) -> list[Batch]:
    return list(read_batches(path, batch_size, length))


def record(**changes: Any) -> bytes:
    """A record filled and serialised by protobuf."""
    values = {"input_ids": [101, 102] + [0] * 126, "input_mask": [1, 1] + [0] * 126, "segment_ids": [0] * 128}
    values |= {"label_ids": [1], "is_real_example": [1]} | changes
    filled = OFRecord()
    for name, numbers in values.items():
        kind = "float_list" if any(isinstance(number, float) for number in numbers) else "int32_list"
        getattr(filled.feature[name], kind).value.extend(numbers)
    raw = filled.SerializeToString()
    return struct.pack("<q", len(raw)) + raw


def test_protobuf_reads_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "train" / "train.of_record-0"
    assert write_records(path, ROWS) == 3
    padded = collate(ROWS, np.arange(3), 128)
    read = [{name: list(each[name].int32_list.value) for name in each} for each in messages(path)]
    assert read == [
        {
            "input_ids": padded.input_ids[row].tolist(),
            "input_mask": padded.attention_mask[row].tolist(),
            "segment_ids": padded.segment_ids[row].tolist(),
            "label_ids": [[1, 0, 300][row]],
            "is_real_example": [1],
        }
        for row in range(3)
    ]


def test_scores_are_lists_of_floats(tmp_path: Path) -> None:
    path = tmp_path / "eval.of_record-0"
    write_records(path, SCORES)
    labels = [each["label_ids"] for each in messages(path)]
    assert [label.WhichOneof("kind") for label in labels] == ["float_list"] * 3
    assert [list(label.float_list.value) for label in labels] == [[score] for score in SCORES.labels.tolist()]
    for batch_size in (1, 2, 5):
        read = np.concatenate([batch.labels for batch in everything(path, batch_size)])
        assert read.dtype == np.float32 and read.tolist() == SCORES.labels.tolist()


def test_the_bytes_are_the_same_everywhere(tmp_path: Path) -> None:
    write_records(tmp_path / "a", ROWS)
    assert hashlib.sha256((tmp_path / "a").read_bytes()).hexdigest() == DIGEST


def test_reading_gives_the_rows_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "train.of_record-0"
    write_records(path, ROWS)
    for batch_size in (1, 2, 3, 5):
        batches = everything(path, batch_size, 16)
        expected = collate(ROWS, np.arange(3), 16)
        for name in ("input_ids", "attention_mask", "segment_ids", "labels", "rows"):
            np.testing.assert_array_equal(
                np.concatenate([getattr(batch, name) for batch in batches]), getattr(expected, name)
            )


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(2, 300), st.integers(0, 2**31 - 1)), min_size=1, max_size=8))
def test_any_rows_come_back_cut_to_128(tmp_path: Path, rows: list[tuple[int, int]]) -> None:
    tokens = make_tokens([[token] * length for length, token in rows])
    write_records(tmp_path / "any", tokens)
    (batch,) = everything(tmp_path / "any", len(rows))
    expected = collate(truncate(tokens, 128), np.arange(len(tokens)), 128)
    np.testing.assert_array_equal(batch.input_ids, expected.input_ids)
    np.testing.assert_array_equal(batch.attention_mask, expected.attention_mask)


def test_writing_twice_doubles_nothing(tmp_path: Path) -> None:
    path = tmp_path / "train.of_record-0"
    write_records(path, ROWS)
    first = path.read_bytes()
    write_records(path, ROWS)
    assert path.read_bytes() == first
    assert [entry.name for entry in tmp_path.iterdir()] == ["train.of_record-0"]


def test_a_failed_write_keeps_the_earlier_file(tmp_path: Path) -> None:
    path = tmp_path / "train.of_record-0"
    write_records(path, ROWS)
    before = path.read_bytes()
    one_row_lost = Tokens(ROWS.input_ids, ROWS.offsets[:-1], ROWS.first_lengths, ROWS.labels)
    with pytest.raises(IndexError):
        write_records(path, one_row_lost)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["train.of_record-0"]


def test_padding_examples_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "eval.of_record-0"
    path.write_bytes(record() + record(is_real_example=[0]) + record(label_ids=[0]))
    assert [batch.labels.tolist() for batch in everything(path)] == [[1, 0]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (record() + record()[:5], "record 1 is damaged, its length is cut off or absurd"),
        (record()[:-1], "record 0 is damaged, it has"),
        (struct.pack("<q", -1), "record 0 is damaged, its length is cut off or absurd"),
        (struct.pack("<q", 1 << 40), "record 0 is damaged, its length is cut off or absurd"),
        (struct.pack("<q", 3) + b"\xff\xff\xff", "record 0 is damaged, it is no protobuf message"),
        (record(label_ids=[]), "record 0 is damaged, label_ids has 0 values, not 1"),
        (record(input_ids=[1] * 127), "record 0 is damaged, input_ids has 127 values, not 128"),
        (record(input_ids=[-1] * 128), "record 0 is damaged, input_ids holds a value out of range"),
        (record(input_mask=[2] * 128), "record 0 is damaged, input_mask holds a value out of range"),
        (record(label_ids=[float("nan")]), "record 0 is damaged, label_ids holds a value out of range"),
        (record(label_ids=[0.5, 0.5]), "record 0 is damaged, label_ids has 2 values, not 1"),
        (
            record() + record(label_ids=[0.5]),
            "record 1 is damaged, label_ids has another type than in the records before",
        ),
    ],
)
def test_damage_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "eval.of_record-0"
    path.write_bytes(content)
    with pytest.raises(BadInputError, match=re.escape(message)):
        everything(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="does not exist: run the stage prepare"):
        everything(tmp_path / "eval.of_record-0")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_damage_ends_in_another_error(tmp_path: Path, data: st.DataObject) -> None:
    write_records(tmp_path / "whole", data.draw(st.sampled_from([ROWS, SCORES])))
    raw = bytearray((tmp_path / "whole").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "damaged").write_bytes(bytes(raw[: data.draw(st.integers(1, len(raw)))]))
    try:
        batches = everything(tmp_path / "damaged")
    except BadInputError:
        return
    assert all(batch.input_ids.shape == (len(batch.rows), 128) and batch.input_ids.min() >= 0 for batch in batches)


@pytest.mark.parametrize("label_type", ["int32", "float32"])
def test_oneflow_reads_the_same(tmp_path: Path, label_type: str) -> None:
    flow = pytest.importorskip("oneflow", reason="OneFlow is not installed")
    rng = np.random.default_rng(0)
    rows = [rng.integers(1, 30_522, rng.integers(3, 129)).tolist() for _ in range(100)]
    tokens = make_tokens(rows, [max(2, len(row) // 2) for row in rows])
    if label_type == "float32":
        tokens = replace(tokens, labels=rng.uniform(0, 5, 100).astype(np.float32))
    path = tmp_path / "eval" / "eval.of_record-0"
    for _ in range(2):
        write_records(path, tokens)
    expected = collate(tokens, np.arange(100), 128)
    reader = flow.nn.OFRecordReader(
        str(path.parent), batch_size=25, data_part_num=1, part_name_prefix="eval.of_record-", part_name_suffix_length=-1
    )
    decoders = {
        name: flow.nn.OFRecordRawDecoder(
            name, (width,), dtype=getattr(flow, label_type if name == "label_ids" else "int32")
        )
        for name, width in [
            ("input_ids", 128),
            ("input_mask", 128),
            ("segment_ids", 128),
            ("label_ids", 1),
            ("is_real_example", 1),
        ]
    }
    found: dict[str, list[np.ndarray]] = {name: [] for name in decoders}
    for _ in range(4):
        records = reader()
        for name, decode in decoders.items():
            found[name].append(np.array(decode(records).numpy()))
    read = {name: np.concatenate(arrays) for name, arrays in found.items()}
    np.testing.assert_array_equal(read["input_ids"], expected.input_ids)
    np.testing.assert_array_equal(read["input_mask"], expected.attention_mask)
    np.testing.assert_array_equal(read["segment_ids"], expected.segment_ids)
    np.testing.assert_array_equal(read["label_ids"][:, 0], expected.labels)
    assert (read["is_real_example"] == 1).all()
    np.testing.assert_array_equal(
        np.array(decoders["input_ids"](reader()).numpy()), expected.input_ids[:25]
    )  # nothing between
