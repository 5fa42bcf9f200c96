"""Counts to the last parameter, and what the published ones hold."""

from __future__ import annotations

from harness.report import sizes
from harness.report.facts import cells
from tests.harness.report import records
from tests.harness.report.sections import rows, table, texts


def test_the_published_shapes_by_part() -> None:
    shown = {row[0]: row[1:3] for row in rows(table(sizes.section(records.geometry()), "Parameters"))}
    assert shown["embeddings"] == ("23,837,184", "9,683,856")
    assert shown["layers"] == ("85,054,464", "4,568,736")
    assert shown["pooler"] == ("590,592", "97,656")
    assert shown["encoder: embeddings, layers and pooler"] == ("109,482,240", "14,350,248")
    assert shown["projection, used in training alone"] == ("0", "240,384")
    assert shown["training: encoder, head and projection"] == ("109,483,778", "14,591,258")
    assert shown["weights on disk"] == ("437,955,112 bytes|438.0 MB", "57,423,496 bytes|57.4 MB")


def test_the_published_numbers_are_explained() -> None:
    text = " ".join(texts(sizes.section(records.geometry())))
    assert "109,482,240 parameters in the encoder of BERT-base against 14,350,248 in its own" in text
    assert "7.63x smaller" in text and "it has 14,591,258: 7.50x smaller" in text
    assert "Published 14.5 M, OneFlow README: 14.5 M is 14,591,258 truncated." in text
    assert "nothing was trained here; the one that distillation would add is counted" in text


def test_other_shapes_explain_no_published_number() -> None:
    text = " ".join(texts(sizes.section(records.two_engines())))
    assert "22,713,216" in text and "Published" not in text and "nothing was trained" not in text


def test_a_trained_projection_is_the_one_that_was_counted() -> None:
    record = records.published()
    records.measured(record["cells"][0])["models"]["student"]["parameters"]["projection"] = 7
    (cell,) = cells(record)
    assert cell.student and cell.student.parameters["projection"] == 7


def test_cells_with_the_same_models_share_a_table() -> None:
    record = records.two_engines()
    assert len(sizes.section(record).blocks) == 2
    records.measured(record["cells"][1])["models"]["student"]["disk_bytes"] += 1
    tables = [block.caption for block in sizes.section(record).blocks[:2] if block.kind == "table"]
    assert [caption.rpartition(": ")[2] for caption in tables] == ["torch-cpu-seed1", "oneflow-cpu-seed1"]
