from __future__ import annotations

from pathlib import Path

from harness.site.ranking import Ranking, rankings
from harness.site.runs import gather
from tests.harness.report import measurements, records
from tests.harness.report.records import Json
from tests.harness.site import finished


def ranked(folder: Path, *made: Json) -> tuple[Ranking, ...]:
    return rankings(gather([finished.write(folder, *made)])[0])


def test_profiles_devices_and_the_sample_are_never_mixed(tmp_path: Path) -> None:
    found = ranked(tmp_path, finished.run("two_engines"), finished.run("published"), finished.run("embedded_sample"))
    shown = {(each.conditions.subject, each.conditions.profile, each.conditions.device.split(":")[0]) for each in found}
    assert shown == {("SST-2", "quick", "cpu"), ("SST-2", "full", "cuda"), ("embedded sample", "quick", "cpu")}
    assert len(found) == 3


def test_other_files_are_another_data_set(tmp_path: Path) -> None:
    """Unverified files of one name are told apart by what they hold."""
    made = [finished.run("two_engines", day) for day in (1, 2, 3)]
    for number, each in enumerate(made[1:]):
        each["data"]["verified"] = False
        each["data"]["files"]["dev.tsv"]["sha256"] = str(number)
    assert len({each.conditions.data for each in ranked(tmp_path, *made)}) == 3


def test_threads_are_another_device(tmp_path: Path) -> None:
    one, two = finished.run("two_engines", 1), finished.run("two_engines", 2)
    for cell in two["cells"]:
        for entry in cell["stages"]:
            entry["result"]["environment"] = entry["result"]["environment"] | {"threads": 64}
    assert len(ranked(tmp_path, one, two)) == 2


def test_times_that_do_not_count_are_not_ranked(tmp_path: Path) -> None:
    (ranking,) = ranked(tmp_path, finished.run("unstable"))
    (out,) = ranking.unranked
    assert (out.cell.name, out.model) == ("torch-cpu-seed1", "student")
    assert out.why_unranked().startswith("unstable: rounds disagree")
    assert len(ranking.placed) == 3
    assert all(each.entry.timing and each.entry.timing.valid for each in ranking.placed)


def test_an_invalid_time_is_not_ranked(tmp_path: Path) -> None:
    made = finished.run("two_engines")
    for each in records.measured(made["cells"][0])["forward"]:
        each["timing"] |= measurements.INVALID
    (ranking,) = ranked(tmp_path, made)
    assert {each.entry.cell.name for each in ranking.placed} == {"oneflow-cpu-seed1"}
    assert len(ranking.unranked) == 2


def test_a_slower_run_is_beaten(tmp_path: Path) -> None:
    made = finished.run("published", 1)
    (ranking,) = ranked(tmp_path, made, finished.slower(finished.run("published", 2), 1.1))
    assert [(each.entry.run.name[:8], each.on_front) for each in ranking.placed if each.entry.model == "student"] == [
        ("20261101", True),
        ("20261102", False),
    ]


def test_a_result_from_the_cache_is_ranked_once(tmp_path: Path) -> None:
    """The earliest run stands for it."""
    first = finished.run("published", 1)
    again = first | {"run_id": "again", "created_at": "2026-11-02T00:00:00+00:00"}
    (ranking,) = ranked(tmp_path, first, again)
    assert {each.entry.run.name for each in ranking.placed} == {first["run_id"]}


def test_cells_without_a_score_are_not_there(tmp_path: Path) -> None:
    assert ranked(tmp_path, finished.run("geometry"), finished.run("broken")) == ()
