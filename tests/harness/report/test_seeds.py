"""Seeds of one engine on one device together, and nothing else together."""

from __future__ import annotations

from harness.report import seeds
from tests.harness.report import records
from tests.harness.report.sections import rows, table


def test_the_table_of_seeds() -> None:
    shown = rows(table(seeds.section(records.seeds()), "Dev accuracy"))
    assert shown == [
        ("teacher", "92.3 %", "0.40 points", "91.3 to 93.3 %", "92.3 %|, |91.9 %|, |92.7 %|seeds 1, 2, 3"),
        ("student", "91.0 %", "0.40 points", "90.0 to 92.0 %", "91.1 %|, |91.4 %|, |90.6 %|seeds 1, 2, 3"),
        (
            "student minus teacher, paired by seed", "−1.3 points", "0.80 points", "−3.3 to +0.7 points",
            "−1.3 points|, |−0.5 points|, |−2.1 points",
        ),
    ]  # fmt: skip


def test_one_seed_is_no_section() -> None:
    assert seeds.section(records.two_engines()).blocks == ()
    assert seeds.section(records.geometry()).blocks == ()


def test_only_equal_places_make_a_group() -> None:
    record = records.seeds()
    record["cells"][2]["container"] = records.CONTAINER
    (group,) = seeds.seed_groups(record)
    assert (group.name, [cell.seed for cell in group.cells]) == ("oneflow-cuda, 2 seeds", [1, 2])


def test_a_seed_that_failed_is_left_out_and_counted_out() -> None:
    record = records.seeds()
    record["cells"][1]["stages"] = record["cells"][1]["stages"][:2]
    (group,) = seeds.seed_groups(record)
    assert (group.name, [cell.seed for cell in group.cells]) == ("oneflow-cuda, 2 seeds", [1, 3])
