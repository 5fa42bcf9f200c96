"""Memory, energy and readings: a number, or why there is none."""

from __future__ import annotations

from harness.report import memory
from tests.harness.report import records
from tests.harness.report.sections import rows, table, texts


def pairs(found: list[tuple[str, ...]]) -> dict[str, str]:
    """Of a table with one column of values."""
    return {row[0]: row[1] for row in found}


def test_a_cpu_has_host_memory_and_reasons() -> None:
    section = memory.section(records.geometry())
    assert rows(table(section, "Memory"))[0] == ("BERT-base, engine, float32", "704 MiB", "182 MiB", "absent")
    text = texts(section)
    assert "torch-cpu-seed1, no energy: RAPL counters are not readable without root." in text
    assert "torch-cpu-seed1, no device memory: the device is a CPU, its memory is the host's." in text
    assert not any("int8" in each for each in text), "a subject that is absent stands under Inference"


def test_a_gpu_has_all_of_it() -> None:
    section = memory.section(records.published())
    assert rows(table(section, "Memory"))[0][-1] == "546 MiB"
    energy = pairs(rows(table(section, "Energy")))
    assert energy["teacher, engine, float32, batch 32, padded to 128"] == "4.69"
    readings = pairs(rows(table(section, "Read of")))
    assert readings["power"] == "204 W|61.0 to 247" and readings["throttling"] == "none seen"
    assert not any("no energy" in each for each in texts(section))


def test_energy_of_a_time_that_does_not_count_is_not_shown() -> None:
    record = records.published()
    forward = records.measured(record["cells"][0])["forward"]
    forward[0]["timing"] |= {"status": "invalid", "reasons": [{"code": "throttled", "detail": "round 1: too hot"}]}
    shown = rows(table(memory.section(record), "Energy"))
    assert shown[0][1] == "invalid|throttled: round 1: too hot"


def test_an_empty_column_without_a_reason_says_so() -> None:
    record = records.geometry()
    records.measured(record["cells"][0])["absent"] = []
    assert "torch-cpu-seed1, no energy: the stage did not report it." in texts(memory.section(record))


def test_throttling_that_cannot_be_read_is_not_denied() -> None:
    readings = pairs(rows(table(memory.section(records.geometry()), "Read of")))
    assert readings["throttling"] == "none seen where it can be read"
    assert readings["power"] == "not read" and readings["clock"] == "2,445 MHz|2,250 to 2,450"


def test_governors_and_swapping_are_shown_where_there_are_any() -> None:
    record = records.geometry()
    assert "governors" not in pairs(rows(table(memory.section(record), "Read of")))
    records.measured(record["cells"][0])["readings"] |= {"governors": ["powersave"], "swapped_in_pages": 1200}
    readings = pairs(rows(table(memory.section(record), "Read of")))
    assert (readings["governors"], readings["pages swapped in"]) == ("powersave", "1,200")
