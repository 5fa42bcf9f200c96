"""The stages in a row, in this process, on 64 training rows; their results against the contract and against each other."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.tinybert.tiny import OPTIONS, PHASE, STUDENT, Project, read_result, write_weights
from tinybert import artifacts
from tinybert import engine as E
from tinybert.data.tokens import load_tokens
from tinybert.errors import BadInputError
from tinybert.evaluation import predict, score
from tinybert.model.bert import Bert
from tinybert.model.config import BertConfig
from tinybert.model.shapes import count_parameters
from tinybert.model.weights import load_weights, random_weights, save_model
from tinybert.training import distillation, losses

LABELS = ("0", "1")
pytestmark = pytest.mark.usefixtures("results")
WEIGHTS = {"embedding": 0, "hidden": 2, "attention": 0.5, "prediction": 3}
STUDENT_CONFIG = BertConfig(**STUDENT, vocab_size=200, max_positions=32)


@pytest.fixture(scope="module")
def results(project: Project) -> dict[str, dict[str, Any]]:
    project.need(*OPTIONS)
    return {stage: read_result(project.root / stage) for stage in OPTIONS}


def load_model(directory: Path) -> Bert:
    config, weights, drawn = load_weights(directory, LABELS, 0)
    assert drawn == []
    return Bert(config, weights, "cpu")


def dev_logits(project: Project, directory: Path) -> tuple[np.ndarray, np.ndarray]:
    dev = load_tokens(project.root / "prepare" / "dev.safetensors")
    return predict(load_model(directory), dev, np.arange(len(dev)), 32), dev.labels


@pytest.mark.parametrize("stage", OPTIONS)
def test_artifacts_are_described_and_nothing_else_is_left(
    project: Project, results: dict[str, dict[str, Any]], stage: str
) -> None:
    directory = project.root / stage
    described = results[stage]["artifacts"].values()
    for artifact in described:
        assert artifacts.describe(directory, artifact["path"]) == artifact
        assert artifact["bytes"] > 0
    expected = {Path(artifact["path"]).parts[0] for artifact in described} | {"result.json"}
    assert {path.name for path in directory.iterdir()} == expected


def test_teacher_learns_and_reports_the_model_it_saved(project: Project, results: dict[str, dict[str, Any]]) -> None:
    metrics = results["teacher"]["metrics"]
    logits, labels = dev_logits(project, project.root / "teacher" / "model")
    assert metrics["dev_score"] == (logits.argmax(axis=1) == labels).mean()
    assert metrics["steps"] == 16
    assert metrics["train_rows"] == 64
    assert metrics["rows_per_s"] > 0
    dev = results["teacher"]["series"]["dev"]
    assert metrics["dev_score"] == max(row[dev["columns"].index("score")] for row in dev["rows"])
    assert results["teacher"]["details"]["drawn_at_random"] == []


def test_teacher_reaches_a_separable_task(project: Project, tmp_path: Path) -> None:
    metrics = project.run("teacher", tmp_path / "teacher", options={"epochs": 8})["metrics"]
    assert metrics["dev_score"] >= 0.95


def test_distill_reports_the_model_it_saved(project: Project, results: dict[str, dict[str, Any]]) -> None:
    result = results["distill"]
    logits, labels = dev_logits(project, project.root / "distill" / "model")
    assert result["metrics"]["dev_score"] == (logits.argmax(axis=1) == labels).mean()
    assert result["metrics"]["steps"] == 2 * 2 * 8
    assert result["details"] == {
        "start": "projected",
        "schedule": "two-phase",
        "objective": "masked-scores",
        "layer_map": {"hidden": [0, 2, 4], "attention": [1, 3]},
    }
    projection = load_file(project.root / "distill" / "projection.safetensors")
    assert {name: array.shape for name, array in projection.items()} == {
        "projection.weight": (32, 24),
        "projection.bias": (32,),
    }


def test_phases_have_their_own_losses(results: dict[str, dict[str, Any]]) -> None:
    series = results["distill"]["series"]["train"]
    rows = [dict(zip(series["columns"], row, strict=True)) for row in series["rows"]]
    layer_terms, prediction = ["embedding_loss", "hidden_loss", "attention_loss"], "prediction_loss"
    assert {row["phase"] for row in rows} == {"intermediate", "prediction"}
    for row in rows:
        terms = layer_terms if row["phase"] == "intermediate" else [prediction]
        for name in [*layer_terms, prediction]:
            assert (row[name] is None) == (name not in terms)
        assert row["loss"] == pytest.approx(sum(row[name] for name in terms), rel=1e-5)
    dev = results["distill"]["series"]["dev"]
    assert {row[dev["columns"].index("phase")] for row in dev["rows"]} == {"prediction"}


def test_intermediate_phase_brings_the_student_closer(project: Project, tmp_path: Path) -> None:
    longer = PHASE | {"epochs": 6}
    result = project.run("distill", tmp_path / "distill", options={"intermediate": longer})
    series = result["series"]["train"]
    points = [row for row in series["rows"] if row[0] == "intermediate"]
    for name in ("embedding_loss", "hidden_loss"):
        column = series["columns"].index(name)
        assert points[-1][column] < 0.9 * points[0][column]


@pytest.mark.parametrize(
    ("changes", "phases"),
    [
        ({"schedule": "joint", "intermediate": None, "prediction": None, "joint": PHASE}, ["joint"]),
        ({"start": "random", "objective": "padded-scores", "padding": "fixed"}, ["intermediate", "prediction"]),
        ({"start": "general", "objective": "probabilities", "layer_map": "top"}, ["intermediate", "prediction"]),
        ({"student": {"layers": 3, "hidden_size": 40, "heads": 5, "intermediate_size": 64}}, ["intermediate"]),
        ({"hard_label_weight": 0.5, "temperature": 2, "loss_weights": WEIGHTS}, ["intermediate", "prediction"]),
    ],
)
def test_variants(
    project: Project,
    results: dict[str, dict[str, Any]],
    tmp_path: Path,
    changes: dict[str, Any],
    phases: list[str],
) -> None:
    write_weights(tmp_path / "general", STUDENT_CONFIG, seed=9)
    inputs = {"student_weights": str(tmp_path / "general")}
    result = project.run("distill", tmp_path / "distill", options=changes, inputs=inputs)
    phase_column = result["series"]["train"]["columns"].index("phase")
    assert set(phases) <= {row[phase_column] for row in result["series"]["train"]["rows"]}
    for phase in phases:
        assert result["metrics"][f"{phase}_rows_per_s"] > 0
    logits, labels = dev_logits(project, tmp_path / "distill" / "model")
    assert result["metrics"]["dev_score"] == (logits.argmax(axis=1) == labels).mean()


def test_start_is_the_one_named(project: Project, results: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    general = write_weights(tmp_path / "general", STUDENT_CONFIG, seed=9)
    dev = load_tokens(project.root / "prepare" / "dev.safetensors")
    logits = predict(Bert(STUDENT_CONFIG, general, "cpu"), dev, np.arange(len(dev)), 32)
    inputs = {"student_weights": str(tmp_path / "general")}
    result = project.run("distill", tmp_path / "distill", options={"start": "general"}, inputs=inputs)
    assert result["metrics"]["start_dev_score"] == score(logits, dev.labels, "accuracy")["score"]
    assert result["details"]["start"] == "general"


def test_teacher_is_not_touched_and_builds_no_graph(
    project: Project, results: dict[str, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The teacher's directory, its parameters in memory, and its outputs, which must hold no way back to them."""
    seen: list[bool] = []
    teachers: list[Bert] = []
    real_layer_losses, real_init = losses.layer_losses, distillation.Losses.__init__

    def watch(objective: str, student: Any, teacher: Any, *rest: Any) -> Any:
        tensors = [*teacher.hidden.values(), *teacher.scores.values()]
        seen.extend(tensor.requires_grad for tensor in [*tensors, teacher.logits] if tensor is not None)
        assert all(tensor.requires_grad for tensor in student.hidden.values())
        return real_layer_losses(objective, student, teacher, *rest)

    def remember(self: Any, options: Any, teacher: Bert, *rest: Any) -> None:
        teachers.append(teacher)
        real_init(self, options, teacher, *rest)

    monkeypatch.setattr(distillation, "layer_losses", watch)
    monkeypatch.setattr(distillation.Losses, "__init__", remember)
    joint = {"schedule": "joint", "intermediate": None, "prediction": None, "joint": PHASE}
    project.run("distill", tmp_path / "distill", options=joint)
    assert seen
    assert not any(seen)
    _, on_disk, _ = load_weights(project.root / "teacher" / "model", LABELS, 0)
    for name, array in teachers[0].weights().items():
        np.testing.assert_array_equal(array, on_disk[name])
        assert teachers[0].parameters[name].grad is None
    described = artifacts.describe(project.root / "teacher", "model")
    assert described == results["teacher"]["artifacts"]["model"]


def test_teacher_is_deterministic_in_distillation(project: Project) -> None:
    """Dropout is off: two passes agree to the bit."""
    teacher = load_model(project.root / "teacher" / "model")
    dev = load_tokens(project.root / "prepare" / "dev.safetensors")
    first, second = (predict(teacher, dev, np.arange(len(dev)), 8) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_evaluate_counts_every_row_once(project: Project, results: dict[str, dict[str, Any]]) -> None:
    metrics, details = results["evaluate"]["metrics"], results["evaluate"]["details"]
    (dev,) = details["dev_sets"]
    assert metrics["rows"] == dev["rows"] == dev["counts"]["rows"] == 32
    assert dev["name"] == "dev"
    quadrants = ("both_correct", "only_teacher_correct", "only_student_correct", "neither_correct")
    assert sum(metrics[name] for name in quadrants) == 32
    for role, stage in (("teacher", "teacher"), ("student", "distill")):
        assert metrics[f"{role}_correct"] == metrics["both_correct"] + metrics[f"only_{role}_correct"]
        assert metrics[f"{role}_accuracy"] == metrics[f"{role}_correct"] / 32
        assert metrics[f"{role}_accuracy"] == results[stage]["metrics"]["dev_score"]
        score = dev["scores"][role]["accuracy"]
        assert score["value"] == metrics[f"{role}_accuracy"]
        assert score["interval"][0] <= score["value"] <= score["interval"][1]
        confusion = np.array(dev["confusion"][role])
        assert confusion.sum() == 32
        assert confusion.sum(axis=1).tolist() == [16, 16]
        assert confusion.trace() == metrics[f"{role}_correct"]
        assert sum(each["rows"] for each in dev["calibration"][role]["bins"]) == 32
    assert len(dev["wrong"]) == min(20, metrics["only_teacher_correct"])
    assert details["submissions"] == {}


def test_attention_is_that_of_transformers(project: Project, results: dict[str, dict[str, Any]]) -> None:
    """Of one row, the student's layers beside the teacher's that they learned from, each head's share averaged."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    seen = results["evaluate"]["details"]["attention"]
    assert seen["layers"] == {"teacher": [1, 3], "student": [0, 1]}
    dev = load_tokens(project.root / "prepare" / "dev.safetensors")
    ids = dev.input_ids[dev.offsets[seen["row"]] : dev.offsets[seen["row"] + 1]]
    assert (seen["tokens"][0], seen["tokens"][-1], len(seen["tokens"])) == ("[CLS]", "[SEP]", len(ids))
    for role, stage in (("teacher", "teacher"), ("student", "distill")):
        model = transformers.BertForSequenceClassification.from_pretrained(
            project.root / stage / "model", attn_implementation="eager"
        ).eval()
        with torch.no_grad():
            given = model(torch.tensor(ids.astype(np.int64))[None], output_attentions=True).attentions
        for layer, found in zip(seen["layers"][role], seen["maps"][role], strict=True):
            np.testing.assert_allclose(found, given[layer][0].mean(0).numpy(), atol=1e-3)


def test_predictions_are_those_of_the_models_row_by_row(project: Project, results: dict[str, dict[str, Any]]) -> None:
    arrays = load_file(project.root / "evaluate" / "predictions.safetensors")
    with (project.root / "evaluate" / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    lines = (project.data / "dev.tsv").read_text().splitlines()[1:]
    assert [f"{row['text']}\t{row['label']}" for row in rows] == lines
    assert [int(row["row"]) for row in rows] == list(range(32))
    for role, stage in (("teacher", "teacher"), ("student", "distill")):
        logits, labels = dev_logits(project, project.root / stage / "model")
        np.testing.assert_allclose(arrays[f"{role}_logits"], logits, atol=1e-5)
        assert [int(row[role]) for row in rows] == arrays[f"{role}_logits"].argmax(axis=1).tolist()
        np.testing.assert_array_equal(arrays["labels"], labels)
    for wrong in results["evaluate"]["details"]["dev_sets"][0]["wrong"]:
        row = rows[wrong["row"]]
        assert wrong["text"] == row["text"]
        assert wrong["teacher"] == wrong["label"] == row["label"]
        assert wrong["student"] == row["student"] != row["label"]


def test_export_serves_what_was_distilled(project: Project, results: dict[str, dict[str, Any]]) -> None:
    directory = project.root / "export" / "student"
    assert results["export"]["metrics"]["max_logit_difference"] == 0
    files = {path.name: path.stat().st_size for path in directory.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "vocab.txt", "README.md"} <= files.keys()
    assert {name: fact["bytes"] for name, fact in results["export"]["details"]["files"].items()} == files
    assert results["export"]["metrics"]["disk_bytes"] == sum(files.values())
    assert f"{count_parameters(STUDENT_CONFIG)['encoder']:,}" in (directory / "README.md").read_text()


@pytest.mark.engine("torch")
def test_transformers_serves_the_export(project: Project, results: dict[str, dict[str, Any]]) -> None:
    transformers = pytest.importorskip("transformers")
    classify = transformers.pipeline("text-classification", model=str(project.root / "export" / "student"))
    texts = [line.split("\t")[0] for line in (project.data / "dev.tsv").read_text().splitlines()[1:]]
    logits, _ = dev_logits(project, project.root / "distill" / "model")
    predicted = [int(answer["label"]) for answer in classify(texts)]
    assert predicted == logits.argmax(axis=1).tolist()


@pytest.mark.parametrize(
    ("stage", "options", "message"),
    [
        ("distill", {"intermediate": None}, "the schedule two-phase needs the options of its phase intermediate"),
        ("distill", {"schedule": "joint"}, "the schedule joint needs the options of its phase joint"),
        ("distill", {"start": "general"}, 'needs the input "student_weights"'),
        ("distill", {"layer_map": [0, 9, 9]}, "layer_map"),
        ("distill", {"loss_weights": WEIGHTS | {"prediction": 0}}, "the phase prediction has no loss"),
        (
            "distill",
            {"loss_weights": dict.fromkeys(WEIGHTS, 0) | {"prediction": 1}},
            "the phase intermediate has no loss: set loss_weights above 0 for one of embedding, hidden, attention",
        ),
        ("distill", {"student": STUDENT | {"heads": 5}}, "hidden_size 24 is no multiple of its 5 heads"),
        ("distill", {"student": STUDENT | {"layers": 5}}, "the student has 5 layers, its teacher 4"),
    ],
)
def test_options_that_do_not_fit_together(
    project: Project,
    results: dict[str, dict[str, Any]],
    tmp_path: Path,
    stage: str,
    options: dict[str, Any],
    message: str,
) -> None:
    with pytest.raises(BadInputError, match=message):
        project.run(stage, tmp_path / stage, options=options)
    assert not (tmp_path / stage / "result.json").exists()


@pytest.mark.parametrize(("stage", "name"), [("teacher", "weights"), ("distill", "student_weights")])
def test_weights_of_a_smaller_vocabulary(
    project: Project, results: dict[str, dict[str, Any]], tmp_path: Path, stage: str, name: str
) -> None:
    """The rows hold ids that these weights do not have: OneFlow would answer with zeros."""
    config = replace(STUDENT_CONFIG, vocab_size=20)
    save_model(tmp_path / "small", config, random_weights(config, 0), tmp_path)
    options = {"start": "general"} if stage == "distill" else {}
    with pytest.raises(BadInputError, match="the model's vocabulary has 20 rows"):
        project.run(stage, tmp_path / stage, options=options, inputs={name: str(tmp_path / "small")})


def test_same_seed_gives_the_same_files(project: Project, results: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    for stage in ("teacher", "distill"):
        again = project.run(stage, tmp_path / stage)
        assert again["artifacts"] == results[stage]["artifacts"]
        assert again["series"] == results[stage]["series"]


def test_engine_is_the_one_under_test(results: dict[str, dict[str, Any]]) -> None:
    assert results["teacher"]["environment"]["engine"] == E.NAME
    assert results["teacher"]["environment"]["engine_version"] == E.version()
