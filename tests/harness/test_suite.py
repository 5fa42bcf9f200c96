"""Suites: the shipped ones are valid, and a bad one is told all its faults at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.suite import find_suite, load_suite, suite_names
from harness.tasks import find_task, load_tasks


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "own.yaml"
    path.write_text(find_suite("SST-2").path.read_text())
    return path


def faults(path: Path) -> list[str]:
    with pytest.raises(UsageError) as caught:
        load_suite(path)
    assert caught.value.exit_code == 2
    return caught.value.message.splitlines()


def change(path: Path, old: str, new: str) -> int:
    """Change the first line that holds `old`. Returns its number."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


@pytest.mark.parametrize("name", suite_names())
def test_shipped_suites_are_valid_and_open_with_how_to_run(name: str) -> None:
    suite = find_suite(name)
    opening = suite.path.read_text().split("\ntask:")[0]
    assert {"full", "quick"} <= suite.profiles.keys()
    assert "# How to run" in opening and "# How long" in opening and "# What to expect" in opening


def test_the_published_recipe() -> None:
    full = find_suite("sst-2").profile("full")
    student = {"layers": 4, "hidden_size": 312, "heads": 12, "intermediate_size": 1200}
    assert full.teacher_weights == "bert-base-uncased" and full.stages["distill"]["student"] == student
    assert (full.stages["teacher"]["learning_rate"], full.stages["teacher"]["epochs"]) == (2e-5, 3)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("warmup_fraction: 0.1", "warmup: 0.1", "unknown key 'warmup' (did you mean 'warmup_fraction'?)"),
        ("learning_rate: 2.0e-5", "learning_rate: 2e-5", "YAML reads 2e-5 as text: write 2.0e-5"),
        ("epochs: 3", "epochs: 03", "YAML reads 03 as 3"),
        ("epochs: 3", "epochs: 1:30", "YAML reads 1:30 as 90"),
        ("epochs: 3", "epochs: 0", "0 must be at least 1"),
        ("epochs: 3", "epochs: yes", "true is not of the type integer"),
        ("temperature: 1", "temperature: .nan", "not a finite number"),
        ("padding: fixed", "padding: fixd", "'fixd' is not one of \"dynamic\", \"fixed\" (did you mean 'fixed'?)"),
        ("heads: 12", "heads: 11", "hidden_size 312 must be a multiple of heads 11"),
        ("prediction: {", "prediction: null # {", "the schedule two-phase needs it"),
        ("joint: null", "joint: {epochs: 1}", "joint: missing learning_rate, weight_decay, warmup_fraction, schedule"),
        ("layer_map: uniform", "layer_map: [0, 3, 6]", "5 entries are wanted"),
        ("layer_map: uniform", "layer_map: [0, 3, 6, 5, 9]", "must not decrease"),
        ("layer_map: uniform", "layer_map: unifrom", "is none of: \"uniform\", \"top\", \"bottom\"; array"),
        ("student_weights: huawei-noah/TinyBERT_General_4L_312D", "student_weights: null", "needs the weights"),
        ("student_weights: null", "student_weights: a/b", "does not use them"),
        ("max_length: 128\n", "max_length: 128\n        source: sample\n", "not chosen here"),
        ("sample: {train_rows: 4000, dev_rows: 500, seed: 0}", "sample: null", "size of the embedded sample"),
        ("task: SST-2", "task: SST2", "did you mean 'SST-2'?"),
        ("task: SST-2", "task: SST-2\ntask: SST-2", "given twice"),
        ("task: SST-2", "task: &name SST-2\nsummary: *name", "alias"),
        ("profiles:", "profils:", "did you mean 'profiles'?"),
        ("rounds: 5", "rounds: 1", "1 must be at least 2"),
        ("runtime: engine", "runtime: onnxruntme", "did you mean 'onnxruntime'?"),
    ],
)  # fmt: skip
def test_each_fault_has_its_line_and_says_what_to_do(suite: Path, old: str, new: str, words: str) -> None:
    line = change(suite, old, new)
    found = [fault for fault in faults(suite) if words in fault]
    assert len(found) == 1
    if words != "alias":
        shown = int(found[0].removeprefix(f"{suite}:").split(":")[0])
        assert line - 5 <= shown <= line + 1 if "missing" in words or "unknown" in words else line <= shown <= line + 1


def test_all_faults_come_at_once_in_the_order_of_the_file(suite: Path) -> None:
    change(suite, "epochs: 3", "epochs: 0")
    change(suite, "heads: 12", "heads: 11")
    change(suite, "rounds: 3", "rounds: 1")
    found = faults(suite)
    assert len(found) == 3
    lines = [int(fault.removeprefix(f"{suite}:").split(":")[0]) for fault in found]
    assert lines == sorted(lines)


@pytest.mark.parametrize("content", [b"", b"- a\n", b"a: [1\n", b"\xff\xfe\x00", b"a: \x00\n", b"{" * 1100])
def test_what_is_no_suite_at_all(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "own.yaml"
    path.write_bytes(content)
    assert str(path) in faults(path)[0]


def test_yaml_cannot_make_objects(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("task: !!python/object/apply:os.system ['touch owned']\nsummary: !!python/name:os.system x\n")
    assert "not valid YAML" in faults(path)[0]
    path.write_text("task: !!python/object/apply:os.system ['touch owned']\n")
    assert any("is not allowed" in fault for fault in faults(path))
    assert not Path("owned").exists()


def test_the_table_of_tasks_and_a_task_it_lacks() -> None:
    assert find_task("sst-2") is not None and find_task("sst-2").name == "SST-2"
    assert load_tasks()["SST-2"].files["dev.tsv"].rows == 872
    with pytest.raises(UsageError, match="did you mean 'SST-2'"):
        find_task("SST_2")


def test_a_broken_table_of_tasks_names_its_faults(tmp_path: Path) -> None:
    path = tmp_path / "tasks.yaml"
    path.write_text(
        'SST-2: {labels: ["0", 1], metric: acuracy, header: true, columns: {text_a: s, label: l}, folder: ../up}\n'
    )
    with pytest.raises(UsageError) as caught:
        load_tasks(path)
    message = caught.value.message
    for words in (
        "1 is not of the type string",
        "did you mean 'accuracy'",
        "missing text_b",
        "missing files, archive",
        "../up",
    ):
        assert words in message


def test_a_suite_may_leave_stages_out_but_none_that_another_reads(suite: Path) -> None:
    text = suite.read_text()
    first, last = text.index("      teacher:"), text.index("      distill:")
    suite.write_text(text[:first] + text[last:])
    found = faults(suite)
    assert [fault.split(": ", 1)[1] for fault in found] == [
        f"profiles.full.stages.{stage}: it needs the stages teacher{hint}"
        for stage, hint in (("distill", ""), ("evaluate", ""), ("measure", ", or models of its own"))
    ]


def test_geometry_measures_shapes_and_trains_nothing() -> None:
    for profile in find_suite("geometry").profiles.values():
        assert list(profile.stages) == ["prepare", "measure"]
        shapes = {each["name"]: each["shape"] for each in profile.stages["measure"]["models"]}
        assert shapes["BERT-base"] == {"layers": 12, "hidden_size": 768, "heads": 12, "intermediate_size": 3072}
        assert shapes["TinyBERT-4L"] == find_suite("sst-2").profile("full").stages["distill"]["student"]
        assert shapes["TinyBERT-6L"] == {"layers": 6, "hidden_size": 768, "heads": 12, "intermediate_size": 3072}
