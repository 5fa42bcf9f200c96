from __future__ import annotations

from rich.console import Console

from harness.report import figures, result_table
from harness.report.results import ResultRow, result_tables
from harness.report.statistics import Interval
from harness.report.values import compared
from tests.harness.report import records


def result_rows(record: records.Json) -> tuple[ResultRow, ...]:
    return result_tables(record)[0].rows


def printed(record: records.Json) -> str:
    console = Console(width=120, force_terminal=False)
    with console.capture() as capture:
        console.print(result_table(record))
    return capture.get()


def test_published_and_measured_stand_together() -> None:
    rows = {(row.quantity, row.who): row for row in result_rows(records.two_engines())}
    published = rows[("accuracy, SST-2 dev set", "published: OneFlow README")]
    assert (published.teacher.text, published.student.text, published.change.text) == (
        "92.2 %",
        "91.3 %",
        "−0.9 points",
    )
    measured = rows[("accuracy, SST-2 dev set", "torch-cpu-seed1")]
    assert (measured.teacher.text, measured.teacher.note) == ("88.1 %", "85.8 to 90.1 %, n = 872")
    assert (measured.change.text, measured.change.note) == ("−6.0 points", "−8.6 to −3.3, p < 0.001")
    parameters = rows[("parameters", "oneflow-cpu-seed1")]
    assert (parameters.student.text, parameters.student.note) == ("14,350,248", "14,471,066 in training")
    assert (parameters.change.text, parameters.change.note) == ("1.58x smaller", "1.57x in training")
    times = rows[("dataset pass", "torch-cpu-seed1")]
    assert (times.teacher.text, times.teacher.note) == ("17.1 s", "16.9 to 17.5 s, 3 rounds")
    assert (times.change.text, times.change.note) == ("3.15x faster", "3.08 to 3.27x")
    forward = rows[("forward, batch 32, padded to 128", "torch-cpu-seed1")]
    assert (forward.teacher.text, forward.student.text, forward.change.text) == ("479 ms", "209 ms", "2.29x faster")
    assert not any(row.published for row in rows.values() if row.quantity.startswith("forward"))


def test_models_are_columns_and_a_third_has_a_table_of_its_own() -> None:
    first, second = result_tables(records.geometry())
    assert first.columns == ("source", "BERT-base", "TinyBERT-4L", "TinyBERT-4L against BERT-base")
    assert second.columns == ("source", "BERT-base", "TinyBERT-6L", "TinyBERT-6L against BERT-base")
    assert not any("accuracy" in row.quantity for row in (*first.rows, *second.rows)), "no stage of the suite tells it"
    assert any(row.published for row in first.rows) and not any(row.published for row in second.rows)
    rows = {row.quantity: row for row in second.rows}
    assert rows["parameters"].student.text == "66,955,008" and rows["parameters"].change.text == "1.64x smaller"
    assert rows["forward, batch 32, padded to 128"].change.text == "2.00x faster"
    assert "TinyBERT-6L against BERT-base" in printed(records.geometry())


def test_a_time_that_does_not_count_is_never_a_number() -> None:
    rows = {(row.quantity, row.who): row for row in result_rows(records.unstable())}
    forward = rows[("forward, batch 32, padded to 128", "torch-cpu-seed1")]
    assert (forward.teacher.text, forward.student.text, forward.student.kind) == ("479 ms", "unstable", "caution")
    assert forward.student.note == "rounds disagree: round medians from 9.1 to 11.8 ms vary by 13.1%, more than 5%"
    assert (forward.change.text, forward.change.note) == ("no ratio", "for want of a valid time")
    passes = rows[("dataset pass", "oneflow-cpu-seed1")]
    assert (passes.teacher.text, passes.student.text, passes.change.text) == ("unstable", "16.3 s", "no ratio")
    text = printed(records.unstable())
    assert "timings, torch-cpu-seed1: 1 of 10 timings is unstable, 1 is invalid (why: report.md)" in text
    assert "timings, oneflow-cpu-seed1: 1 of 10 timings is unstable (why: report.md)" in text


def test_the_sample_is_never_called_by_the_task() -> None:
    quantities = {row.quantity for row in result_rows(records.embedded_sample())}
    assert "accuracy, embedded sample dev set" in quantities
    assert not any(
        "SST-2" in row.quantity or "SST-2" in row.who
        for row in result_rows(records.embedded_sample())
        if not row.published
    )
    assert "embedded sample, quick profile" in printed(records.embedded_sample())


def test_what_is_missing_is_said() -> None:
    measured = [row for row in result_rows(records.broken()) if not row.published]
    assert {value.text for row in measured for value in (row.teacher, row.student, row.change)} == {"not measured"}


def test_without_claims_there_is_no_published_line() -> None:
    record = records.two_engines() | {"claims": []}
    assert not any(row.published for row in result_rows(record))
    assert "published" not in printed(record)


def test_the_terminal_counts_the_verdicts() -> None:
    assert "published claims, oneflow-cuda-seed1: 12 reproduced, 3 not comparable" in printed(records.published())
    assert "published claims, torch-cpu-seed1: 15 not comparable" in printed(records.two_engines())
    assert "published claims, oneflow-cuda, 3 seeds: 4 reproduced, 2 not comparable" in printed(records.seeds())


def test_the_terminal_shows_markup_as_text() -> None:
    record = records.two_engines()
    record["cells"][0]["name"] = "[red]x[/red]\x1b[31m"
    shown = printed(record)
    assert "[red]x[/red]" in shown and "\x1b" not in shown


def test_a_slower_student_is_called_slower() -> None:
    assert compared(0.8, "faster", "slower") == "0.80x (slower)"
    assert compared(1.0, "faster", "slower") == "1.00x faster"


def test_figures() -> None:
    assert [figures.seconds(s) for s in (0.0651, 0.65, 4.04, 17.13, 431.2)] == [
        "0.065 s",
        "0.650 s",
        "4.04 s",
        "17.1 s",
        "431 s",
    ]
    assert figures.seconds_interval(Interval(9.95, 10.2)) == "9.95 to 10.20 s", "the lower end's decimals"
    assert [figures.milliseconds(ms) for ms in (0.0421, 4.213, 42.13, 4213.4)] == [
        "0.042 ms",
        "4.21 ms",
        "42.1 ms",
        "4,213 ms",
    ]
    assert [figures.small_percent(share) for share in (0.0055, 0.042)] == ["0.55 %", "4.2 %"]
    assert (figures.size(57_403_496), figures.memory(250 << 20)) == ("57.4 MB", "250 MiB")
    assert [figures.ratio(r) for r in (0.5, 7.503, 7.629, 12.84)] == ["0.50x", "7.50x", "7.63x", "12.8x"]
    assert figures.points(-0.0001) == "+0.0 points"
    assert [figures.hundredfold(n) for n in (0.585, -0.032, -0.0001)] == ["58.5", "−3.2", "0.0"]
    assert figures.points_interval(Interval(-0.0863, 0.004)) == "−8.6 to +0.4"
    assert [figures.p_value(p) for p in (0.00099, 0.0456, 1.0)] == ["p < 0.001", "p = 0.046", "p = 1.000"]
    assert [figures.duration(s) for s in (3.14, 59.99, 3725)] == ["3.1 s", "60.0 s", "1:02:05"]


def test_another_metric_heads_the_table_without_a_percent_sign() -> None:
    first, further = result_tables(records.cola())
    rows = {(row.quantity, row.who): row for row in first.rows}
    measured = rows[("MCC, CoLA dev set", "oneflow-cuda-seed1")]
    assert (measured.teacher.text, measured.teacher.note) == ("66.5", "61.0 to 72.0, n = 1,043")
    assert measured.change.text == "−16.6 points" and "p =" not in measured.change.note
    assert rows[("MCC, CoLA dev set", "published: OneFlow README")].teacher.text == "58.5"
    tests = rows[("MCC, CoLA dev set", "published: OneFlow TEST_README")]
    assert (tests.teacher.text, tests.student.text, tests.change.text) == ("58.7", "22.3", "−36.4 points")
    assert [(row.quantity, row.teacher.text) for row in further.rows] == [("accuracy, CoLA dev set", "83.0 %")]
    assert "p < 0.001" in further.rows[0].change.note, "an accuracy keeps its test wherever it stands"


def test_further_dev_sets_have_rows_of_their_own() -> None:
    first, further = result_tables(records.mnli())
    assert first.rows[0].quantity == "accuracy, MNLI matched dev set"
    assert {row.quantity for row in further.rows} == {"accuracy, MNLI mismatched dev set"}
    assert further.rows[-1].teacher.text == "84.6 %"
    assert [row.who for row in further.rows][:2] == [
        "published: TinyBERT paper, ablation, whole recipe",
        "published: TinyBERT paper, ablation, without DA",
    ]
    assert "accuracy, MNLI mismatched dev set" in printed(records.mnli())


def test_a_regression_has_correlations() -> None:
    first, further = result_tables(records.sts_b())
    assert first.rows[-1].quantity.startswith("forward")
    assert "mean correlation, STS-B dev set" in {row.quantity for row in first.rows}
    assert [row.quantity for row in further.rows] == [
        "Pearson correlation, STS-B dev set", "Spearman correlation, STS-B dev set",
    ]  # fmt: skip
    assert further.rows[0].student.text == "86.1"
