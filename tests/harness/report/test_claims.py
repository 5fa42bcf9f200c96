from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.report.claims import CLAIMS, load_claims

PUBLISHED = CLAIMS / "oneflow-sst-2.yaml"


def test_the_published_table() -> None:
    printed = {(claim.quantity, claim.role): claim.printed for claim in load_claims("SST-2")}
    assert printed == {
        ("accuracy", "teacher"): "92.2 %",
        ("accuracy", "student"): "91.3 %",
        ("parameters", "teacher"): "110 M",
        ("parameters", "student"): "14.5 M",
        ("parameter_ratio", "both"): "7.5x",
        ("dataset_pass_s", "teacher"): "4.04 s",
        ("dataset_pass_s", "student"): "0.65 s",
        ("speedup", "both"): "6.2x",
    }


def test_the_published_numbers_fit_how_they_were_printed() -> None:
    claims = {claim.id: claim for claim in load_claims("SST-2")}
    teacher, student = claims["sst-2-teacher-parameters"].value, claims["sst-2-student-parameters"].value
    assert f"{teacher / 1e6:.0f} M" == "109 M" and round(teacher / 1e7) == 11  # 110 M: rounded to two digits
    assert int(student / 1e5) / 10 == 14.5 and round(student / 1e6, 1) == 14.6  # 14.5 M: truncated
    assert int(teacher / student * 10) / 10 == claims["sst-2-parameter-ratio"].value
    times = claims["sst-2-teacher-dataset-pass"].value / claims["sst-2-student-dataset-pass"].value
    assert round(times, 1) == claims["sst-2-speedup"].value


def test_nothing_is_claimed_about_other_tasks() -> None:
    assert load_claims("CoLA") == ()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("quantity: speedup", "quantity: speed", "'speed' is not one of .*did you mean 'speedup'"),
        ("kind: exact,", "kind: dev-set,", "a dev-set tolerance is for an accuracy"),
        ("    printed: 6.2x\n", "", r"oneflow-sst-2.yaml:\d+: .*missing printed"),
        ("value: 0.922", "value: 92.2 %", "is not of the type number"),
        ("role: both", "role: teacher", "a claim on .* has the role both, not teacher"),
        ("kind: exact,", "kind: relative,", "a relative tolerance has a fraction"),
        ("    counted: {teacher: [encoder]}\n", "", "counted must name the parts of teacher"),
        ("  start: general\n", "", "needs start, which `published` does not give"),
        ("  url: https", "  url: http", "url"),
        ("id: sst-2-speedup", "id: sst-2-teacher-accuracy", "'sst-2-teacher-accuracy' is given twice"),
    ],
)  # fmt: skip
def test_a_fault_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = PUBLISHED.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / PUBLISHED.name).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        load_claims("SST-2", tmp_path)


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    text = (
        PUBLISHED.read_text(encoding="utf-8")
        .replace("kind: exact", "kind: exactly")
        .replace("padded_length: 128", "padded_length: 0")
    )
    (tmp_path / PUBLISHED.name).write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as raised:
        load_claims("SST-2", tmp_path)
    assert len(raised.value.message.splitlines()) == 3
