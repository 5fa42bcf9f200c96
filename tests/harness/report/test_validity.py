"""Which timings count: every reason has words, every timing a line."""

from __future__ import annotations

from harness.report import reading, validity
from harness.report.facts import cells
from harness.report.status import REASONS, why
from tests.harness.report import measurements, records
from tests.harness.report.sections import rows, table, texts


def test_timings_are_counted_by_status() -> None:
    section = validity.section(records.unstable())
    assert rows(table(section, "Timings by status")) == [
        ("torch-cpu-seed1", "8", "1", "1"),
        ("oneflow-cpu-seed1", "9", "1", "0"),
    ]
    first, second = cells(records.unstable())
    assert validity.refused(first) == "1 of 10 timings is unstable, 1 is invalid"
    assert validity.refused(second) == "1 of 10 timings is unstable"


def test_every_refusal_has_its_reason_and_what_that_means() -> None:
    section = validity.section(records.unstable())
    shown = rows(table(section, "Timings that do not count"))
    assert shown[0] == (
        "student, engine, float32, batch 32, padded to 128",
        "unstable",
        "rounds disagree: round medians from 9.1 to 11.8 ms vary by 13.1%, more than 5%",
        "2",
    )
    assert any(each.startswith("The predictions differ: the timed forward predicts") for each in texts(section))


def test_all_valid_is_no_table_of_refusals() -> None:
    section = validity.section(records.two_engines())
    assert not any("do not count" in getattr(block, "caption", "") for block in section.blocks)
    assert all(validity.refused(cell) == "" for cell in cells(records.two_engines()))


def test_outliers_and_the_change_that_would_show() -> None:
    shown = {row[0]: row[1:] for row in rows(table(validity.section(records.unstable()), "How sure"), "torch")}
    assert shown["teacher, dataset pass"] == ("3", "3", "0", "1.2 %", "4.2 % or more")
    assert shown["student, engine, float32, batch 32, padded to 128|unstable"][-1] == "none"


def test_an_unproved_clock_is_told() -> None:
    record = records.published()
    records.measured(record["cells"][0])["protocol"]["synchronization"]["proved"] = False
    assert any("the clock was not proved to wait for the device" in each for each in texts(validity.section(record)))
    assert any("was proved to wait" in each for each in texts(validity.section(records.published())))


def test_a_code_from_a_later_version_is_shown_as_it_is() -> None:
    record = records.published()
    details = records.measured(record["cells"][0])
    details["forward"][0]["timing"] |= {"status": "invalid", "reasons": [{"code": "solar-flare", "detail": "at noon"}]}
    (cell,) = cells(record)
    assert cell.measured and why(cell.measured.forward[0].timing) == "invalid: solar flare (at noon)"


def test_the_made_up_timing_has_the_fields_of_the_real_one() -> None:
    from tinybert.measuring.limits import limits_for
    from tinybert.measuring.validity import Facts, Round, judge

    rounds = [Round([1.0, 1.01, 0.99]), Round([1.0, 0.99, 1.01])]
    timing = judge(rounds, limits_for("cpu", rounds=2, min_calls=3), Facts(True), "ms").as_json()
    assert timing.keys() == measurements.timing([1.0, 1.1]).keys()
    assert timing["status"] == "valid"
    assert reading.measured(_around(timing)).forward[0].timing.median == timing["median"]


def _around(timing: records.Json) -> records.Json:
    details = records.measured(records.two_engines()["cells"][0])
    details["forward"][0]["timing"] = timing
    return details


def test_every_reason_that_the_stage_may_give_has_words() -> None:
    from tinybert.measuring import reasons

    assert set(REASONS) == set(reasons.REASONS)
