"""Suites: the shipped ones are valid, and a bad one is told all its faults at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.paths import SUITES
from harness.stages import STAGES
from harness.suite import find_suite, load_suite, named, suite_names
from harness.tasks import load_tasks
from harness.yaml_file import load_yaml


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


TASKS = list(load_tasks())
LOSSES = ("embedding", "hidden", "attention", "prediction")


@pytest.mark.parametrize("name", TASKS)
def test_every_task_has_its_suite_with_every_stage(name: str) -> None:
    suite = find_suite(name)
    assert suite.task.name == name and suite.name == name.lower()
    text = suite.path.read_text()
    assert f"make bench TASK={name} " in text and f"{name}/train.tsv" in text
    for profile in suite.profiles.values():
        assert list(profile.stages) == list(STAGES)
        assert (profile.stages["prepare"]["sample"] is not None) == suite.task.has_sample
        assert profile.stages["distill"]["loss_weights"] == dict.fromkeys(LOSSES, 1)
        assert suite.task.raw["test"] or not profile.stages["evaluate"]["submissions"]


@pytest.mark.parametrize("name", TASKS)
def test_full_keeps_to_the_published_hyper_parameters(name: str) -> None:
    """Teacher: OneFlow's, where it has some. Student: Huawei's README, the paper's epochs of the intermediate phase."""
    published = load_yaml(SUITES / "hyper-parameters.yaml").value
    stages = find_suite(name).profile("full").stages
    teacher, distill = stages["teacher"], stages["distill"]
    common, own = published["teacher"]["oneflow"]["all_tasks"], published["teacher"]["oneflow"]["tasks"].get(name, {})
    assert {key: teacher[key] for key in common | own} == common | own
    huawei, paper = published["student"]["huawei"], published["student"]["paper"]["intermediate"].get(name)
    assert distill["prediction"] == huawei["prediction"]
    assert distill["batch_size"] == huawei["all_tasks"]["batch_size"]
    epochs = {huawei["intermediate"]["epochs"]} | ({paper["epochs"]} if paper else set())
    assert distill["intermediate"]["epochs"] in epochs
    assert distill["intermediate"] == huawei["intermediate"] | {"epochs": distill["intermediate"]["epochs"]}
    assert distill["max_length"] in {huawei["all_tasks"]["max_length"], *([paper["max_length"]] if paper else [])}


@pytest.mark.parametrize("name", TASKS)
def test_quick_trains_on_no_more_than_two_cores_can_bear(name: str) -> None:
    suite = find_suite(name)
    stages = suite.profile("quick").stages
    published = suite.task.published.files["train.tsv"].rows
    assert published is not None
    epochs = {
        "teacher": stages["teacher"]["epochs"],
        "distill": stages["distill"]["intermediate"]["epochs"] + stages["distill"]["prediction"]["epochs"],
    }
    for stage, count in epochs.items():
        rows = min(stages[stage]["rows"] or published, published)
        assert rows <= 14_000 and rows * count <= 100_000
    dev = max(suite.task.published.files[file].rows or 0 for file in suite.task.raw["dev"].values())
    assert stages["measure"]["dataset_pass"] is None or dev <= 2_000


def test_the_tables_beside_the_suites_are_no_suites() -> None:
    assert not {"tasks", "hyper-parameters"} & set(suite_names())


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("SST-2", ["SST-2"]),
        ("sst-2", ["SST-2"]),
        ("geometry", ["geometry"]),
        ("RTE,MRPC", ["RTE", "MRPC"]),
        (" rte , mrpc,", ["RTE", "MRPC"]),
        ("RTE,rte", ["RTE"]),
        ("all", TASKS),
        ("ALL,geometry", [*TASKS, "geometry"]),
        ("MNLI,all", ["MNLI", *(name for name in TASKS if name != "MNLI")]),
    ],
)
def test_names_of_tasks(text: str, names: list[str]) -> None:
    assert named(text) == names


def test_unknown_names_come_at_once_with_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        named("RTE,MRCP,geometri,al")
    first, second, third = caught.value.message.splitlines()
    assert "unknown task 'MRCP' (did you mean 'MRPC'?)" in first
    assert "unknown task 'geometri' (did you mean 'geometry'?)" in second
    assert "unknown task 'al' (did you mean 'all'?)" in third and "or all" in third
    with pytest.raises(UsageError, match="names no task"):
        named(" , ")


def test_a_sample_for_a_task_that_has_none_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(find_suite("RTE").path.read_text())
    change(path, "sample: null", "sample: {train_rows: 64, dev_rows: 64, seed: 0}")
    assert "the embedded sample does not stand in for RTE: write null" in faults(path)[0]


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
        ("attention: 1, prediction: 1}", "attention: 1, prediction: 0}", "nothing is left of the phase prediction"),
        ("hard_label_weight: 0", "hard_label_weight: 1", "1 must be less than 1"),
        ("submissions: [teacher, student]", "submissions: [techer]", "did you mean 'teacher'?"),
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
