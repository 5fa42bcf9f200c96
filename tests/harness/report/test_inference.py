"""Times: a number only where it counts, both clocks apart, peers plainly."""

from __future__ import annotations

from typing import Any

from harness.report import comparisons, inference
from harness.report.document import Bullets, Figures, Section, Table
from harness.report.facts import Cell, cells
from harness.report.measured import Measured
from tests.harness.report import measurements, records
from tests.harness.report.sections import rows, table, texts


def found(record: records.Json) -> list[tuple[Cell, Measured]]:
    return [(cell, cell.measured) for cell in cells(record) if cell.measured]


def timing_of(details: records.Json, **wanted: Any) -> records.Json:
    timing: records.Json = next(
        each["timing"] for each in details["forward"] if all(each[name] == value for name, value in wanted.items())
    )
    return timing


def test_both_clocks_are_told_apart() -> None:
    text = " ".join(texts(inference.section(records.two_engines())))
    assert "The dataset pass is the published one" in text and "The forward pass is the model alone" in text
    assert "OFRecord file read and decoded inside the clock" in text
    assert "1 warm pass in each round, in an order drawn at random" in text


def test_every_forward_time_stands_with_its_score() -> None:
    shown = rows(table(inference.section(records.two_engines()), "Forward pass"))
    assert len(shown) == 2 * 2 * len(records.TRAINED_CELLS)
    assert shown[3] == (
        "engine, bfloat16, batch 32, padded to 128",
        "268 ms|266 to 271 ms", "276", "too few", "119", "342", "85.1 %", "accuracy 82.1 %|99.5 % agree",
    )  # fmt: skip


def test_random_weights_have_an_agreement_and_no_score() -> None:
    shown = rows(table(inference.section(records.geometry()), "Forward pass"))
    assert {row[-1] for row in shown} == {"100.0 % agree|random weights", "99.5 % agree|random weights"}


def test_a_time_that_does_not_count_leaves_no_number_anywhere() -> None:
    record = records.unstable()
    details = records.measured(record["cells"][0])
    section = inference.section(record)
    unstable = timing_of(details, model="student", precision="float32", batch_size=32, length=128)
    assert f"{unstable['median']:.0f} ms" == "209 ms"
    first = [text for text in texts(section, "torch-cpu-seed1") if "209" in text or "117 ms" in text]
    assert first == []
    marks = [
        row[0]
        for block in section.blocks
        if isinstance(block, Figures) and block.heading == "Forward pass, torch-cpu-seed1"
        for figure in block.figures
        if figure.caption == "Batch 32, padded to 128"
        for row in rows(figure.data)
    ]
    assert marks == ["teacher", "teacher bfloat16"]


def test_a_missing_speed_up_says_which_time_failed() -> None:
    shown = {row[0]: row[1] for row in rows(table(inference.section(records.unstable()), "Speed-ups"))}
    assert shown["student against teacher, engine, float32, batch 1, padded to 128"] == "2.16x faster"
    assert shown["student against teacher, engine, float32, batch 32, padded to 128"] == "2.29x faster", "oneflow's"
    first = rows(table(inference.section(records.unstable()), "Speed-ups"))[2]
    assert first[1].startswith("no ratio|student engine unstable: rounds disagree (round medians from 9.1 to 11.8 ms")


def test_a_slower_engine_is_called_slower() -> None:
    shown = {row[1]: row[2:] for row in rows(table(inference.section(records.geometry()), "Peers"))}
    assert shown == {
        "transformers": ("1.31x faster", "1.28 to 1.34x", "the engine is faster"),
        "torch.compile": ("1.00x faster", "0.98 to 1.02x", "no difference seen"),
        "onnxruntime": ("0.93x (slower)", "0.91 to 0.95x", "the engine is slower"),
    }


def test_a_peer_without_a_valid_time_has_no_ratio() -> None:
    record = records.geometry()
    details = records.measured(record["cells"][0])
    timing_of(details, runtime="onnxruntime").update(measurements.INVALID)
    measurements.compare(details)
    (block,) = (each for each in comparisons.peers(found(record)) if isinstance(each, Table))
    shown = rows(block)[-1]
    assert shown[2].startswith("no ratio|TinyBERT-4L onnxruntime invalid: the predictions differ")
    assert shown[-1] == "no ratio"


def test_load_and_first_call_stand_apart() -> None:
    shown = rows(table(inference.section(records.unstable()), "Load and first call"))
    assert shown[0][1:] == (
        "0.400 s|0.390 to 0.410 s",
        "52.8 ms at batch 1, padded to 128; 1,486 ms at batch 32, padded to 128; 283 ms at batch 32, real lengths",
    )
    assert shown[3][-1] == "none that counts", "the first call of an invalid time"


def test_what_is_absent_has_its_reason() -> None:
    (bullets,) = (
        block
        for block in inference.section(records.geometry()).blocks
        if isinstance(block, Bullets) and "int8" in block.items[0][0].text
    )
    assert [[span.text for span in item] for item in bullets.items] == [
        ["torch-cpu-seed1, TinyBERT-4L engine int8: ", "this engine has no int8 kernels."]
    ], "what the machine does not tell stands under Memory"


def test_nothing_measured_is_no_section() -> None:
    assert inference.section(records.broken()) == Section("inference", "Inference", ())
