from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from harness.errors import UsageError
from harness.paths import ROOT
from harness.report.claims import CLAIMS, load_claims

PUBLISHED = CLAIMS / "oneflow-readme.yaml"
TASKS = yaml.safe_load((ROOT / "suites" / "tasks.yaml").read_text(encoding="utf-8"))


def test_the_published_table() -> None:
    readme = [claim for claim in load_claims("SST-2") if claim.source.name == "OneFlow README"]
    printed = {(claim.quantity, claim.role): claim.printed for claim in readme}
    assert printed == {
        ("score", "teacher"): "92.2 %",
        ("score", "student"): "91.3 %",
        ("parameters", "teacher"): "110 M",
        ("parameters", "student"): "14.5 M",
        ("parameter_ratio", "both"): "7.5x",
        ("dataset_pass_s", "teacher"): "4.04 s",
        ("dataset_pass_s", "student"): "0.65 s",
        ("speedup", "both"): "6.2x",
    }


def test_the_published_numbers_fit_how_they_were_printed() -> None:
    claims = {claim.id: claim for claim in load_claims("SST-2")}
    teacher, student = claims["teacher-parameters"].value, claims["student-parameters"].value
    assert f"{teacher / 1e6:.0f} M" == "109 M" and round(teacher / 1e7) == 11  # 110 M: rounded to two digits
    assert int(student / 1e5) / 10 == 14.5 and round(student / 1e6, 1) == 14.6  # 14.5 M: truncated
    assert int(teacher / student * 10) / 10 == claims["parameter-ratio"].value
    times = claims["teacher-dataset-pass"].value / claims["student-dataset-pass"].value
    assert round(times, 1) == claims["speedup"].value


def test_a_score_is_read_from_how_it_was_printed() -> None:
    claims = {claim.id: claim for claim in load_claims("CoLA")}
    teacher = claims["cola-teacher-mcc"]
    assert (teacher.value, teacher.printed, teacher.metric and teacher.metric.label) == (0.585, "58.5", "MCC")
    assert teacher.conditions["data"] == "CoLA"
    tests = {claim.role: claim for claim in claims.values() if claim.conditions.get("split") == "test"}
    assert tests.keys() == {"teacher", "student"}


def test_every_claim_is_about_a_known_task_and_a_score_of_it() -> None:
    """A name that no task has would make a claim vanish."""
    named = set()
    for path in CLAIMS.glob("*.yaml"):
        file = yaml.safe_load(path.read_text(encoding="utf-8"))
        named |= {value["task"] for block in file.get("scores", ()) for value in block["values"]}
        named |= {task for amount in file.get("amounts", ()) for task in amount["tasks"]}
    assert named <= TASKS.keys()
    for name in named:
        for claim in load_claims(name):
            if claim.metric:
                assert claim.metric.name in TASKS[name]["metrics"], claim.id
                assert claim.dev_set is None or claim.dev_set in TASKS[name]["dev"], claim.id


def test_nothing_is_claimed_about_other_tasks() -> None:
    assert load_claims("WNLI") == ()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("quantity: speedup", "quantity: speed", "'speed' is not one of .*did you mean 'speedup'"),
        ("kind: exact,", "kind: dev-set,", "'dev-set' is not one of"),
        ("    printed: 6.2x\n", "", r"oneflow-readme.yaml:\d+: .*missing printed"),
        ('printed: "92.2"', "printed: 92.2 %", "does not match|92.2 %"),
        ("metric: mcc", "metric: mmc", "'mmc' is not one of .*did you mean 'mcc'"),
        ("role: both", "role: teacher", "a claim on .* has the role both, not teacher"),
        ("kind: exact,", "kind: relative,", "a relative tolerance has a fraction"),
        ("kind: exact,", "kind: printed, fraction: 0.1,", "the others have none"),
        ("    printed: 7.5x\n", "    printed: 7.5 times\n", "'7.5 times' is no number in M or x"),
        ("    counted: {teacher: [encoder]}\n", "", "counted must name the parts of teacher"),
        ("  start: general\n", "", "needs start, which `published` does not give"),
        ("  url: https", "  url: http", "url"),
        ("id: speedup", "id: teacher-parameters", "'teacher-parameters' is given twice"),
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
