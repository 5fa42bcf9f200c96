"""Three labels with two dev sets and test sets, and a regression, through every stage that trains, predicts or exports."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from scipy import stats

from tests.tinybert.stages.kinds import INFERENCE, LABELS, ROWS, SIMILARITY, write_inference, write_similarity
from tests.tinybert.tiny import OPTIONS, PHASE, Project, read_result
from tinybert import artifacts
from tinybert.data.tokens import load_tokens
from tinybert.errors import BadInputError
from tinybert.evaluation import predict
from tinybert.model.bert import Bert
from tinybert.model.weights import load_weights

STAGES = [stage for stage in OPTIONS if stage != "measure"]
# So long does it take from scores around 0 to scores around 2.5 that tell the rows apart.
LONG = PHASE | {"epochs": 30}
JOINT = {"schedule": "joint", "intermediate": None, "prediction": None, "joint": PHASE}


@pytest.fixture(scope="module")
def inference(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("inference"), INFERENCE, write_inference)
    project.need(*STAGES)
    return project


@pytest.fixture(scope="module")
def similarity(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("similarity"), SIMILARITY, write_similarity)
    project.need("prepare")
    project.run("teacher", project.root / "teacher", options=LONG)
    project.run("distill", project.root / "distill", options={"prediction": LONG | {"epochs": 60}})
    project.need(*STAGES)
    return project


def logits_of(project: Project, stage: str, stem: str) -> tuple[np.ndarray, np.ndarray]:
    config, weights, drawn = load_weights(project.root / stage / "model", tuple(project.task["labels"]), 0)
    assert drawn == []
    rows = load_tokens(project.root / "prepare" / f"{stem}.safetensors")
    return predict(Bert(config, weights, "cpu"), rows, np.arange(len(rows)), 32), rows.labels


@pytest.mark.parametrize("name", ["inference", "similarity"])
def test_artifacts_are_described_and_nothing_else_is_left(name: str, request: pytest.FixtureRequest) -> None:
    project: Project = request.getfixturevalue(name)
    for stage in STAGES:
        described = read_result(project.root / stage)["artifacts"].values()
        for artifact in described:
            assert artifacts.describe(project.root / stage, artifact["path"]) == artifact
        expected = {Path(artifact["path"]).parts[0] for artifact in described} | {"result.json"}
        assert {path.name for path in (project.root / stage).iterdir()} == expected


def test_the_first_dev_set_chooses(inference: Project) -> None:
    for stage in ("teacher", "distill"):
        logits, labels = logits_of(inference, stage, "dev")
        assert len(labels) == ROWS["dev_matched"]
        score = read_result(inference.root / stage)["metrics"]["dev_score"]
        assert score == (logits.argmax(axis=1) == labels).mean()


def test_every_dev_set_is_told(inference: Project) -> None:
    result = read_result(inference.root / "evaluate")
    metrics, (matched, mismatched) = result["metrics"], result["details"]["dev_sets"]
    assert [matched["name"], mismatched["name"]] == ["matched", "mismatched"]
    assert [matched["rows"], mismatched["rows"]] == [24, 21] and metrics["rows"] == 24
    assert metrics.keys() == {
        "rows",
        *(f"{role}_{metric}{end}" for role in ("teacher", "student") for metric in ("accuracy", "mcc") for end in ("", "_mismatched")),
        *(f"{name}_correct" for name in ("teacher", "student", "both", "only_teacher", "only_student", "neither")),
    }  # fmt: skip
    for role, stage in (("teacher", "teacher"), ("student", "distill")):
        for dev, stem, end in ((matched, "dev", ""), (mismatched, "dev-mismatched", "_mismatched")):
            logits, labels = logits_of(inference, stage, stem)
            share = (logits.argmax(axis=1) == labels).mean()
            assert dev["scores"][role]["accuracy"]["value"] == metrics[f"{role}_accuracy{end}"] == share
            assert dev["counts"][role] == np.trace(dev["confusion"][role]) == share * len(labels)
        assert metrics[f"{role}_correct"] == matched["counts"][role]
    assert [each["label"] for each in matched["by_label"]] == LABELS


def test_predictions_of_every_dev_set_are_kept(inference: Project) -> None:
    for stem, rows in (("", 24), ("-mismatched", 21)):
        arrays = load_file(inference.root / "evaluate" / f"predictions{stem}.safetensors")
        assert arrays["student_logits"].shape == arrays["teacher_logits"].shape == (rows, 3)
        with (inference.root / "evaluate" / f"predictions{stem}.csv").open(encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file))
        assert [line["student"] for line in lines] == [LABELS[each] for each in arrays["student_logits"].argmax(axis=1)]
        assert [line["label"] for line in lines] == [LABELS[each] for each in arrays["labels"]]


def test_submissions_are_the_models_predictions(inference: Project) -> None:
    result = read_result(inference.root / "evaluate")
    assert result["details"]["submissions"] == {"inference-m": "submission/inference-m.tsv", "AX": "submission/AX.tsv"}
    assert result["artifacts"].keys() >= {"submission", "submission-teacher"}
    for folder, stage in (("submission", "distill"), ("submission-teacher", "teacher")):
        for name, rows in (("inference-m", 10), ("AX", 6)):
            logits, _ = logits_of(inference, stage, f"test-{name}")
            lines = (inference.root / "evaluate" / folder / f"{name}.tsv").read_text().splitlines()
            assert lines[0] == "index\tprediction"
            expected = [f"{100 + row}\t{LABELS[each]}" for row, each in enumerate(logits.argmax(axis=1))]
            assert len(expected) == rows and lines[1:] == expected


@pytest.mark.parametrize(
    ("wanted", "folders"), [(["student"], ["submission"]), (["teacher"], ["submission-teacher"]), ([], [])]
)
def test_submissions_are_optional(inference: Project, tmp_path: Path, wanted: list[str], folders: list[str]) -> None:
    result = inference.run("evaluate", tmp_path / "evaluate", options={"submissions": wanted})
    made = [path.name for path in (tmp_path / "evaluate").iterdir() if path.name.startswith("submission")]
    assert made == folders
    assert list(result["details"]["submissions"]) == (["inference-m", "AX"] if "student" in wanted else [])
    usual = read_result(inference.root / "evaluate")
    assert (result["metrics"], result["details"]["dev_sets"]) == (usual["metrics"], usual["details"]["dev_sets"])


def test_an_interrupted_evaluation_predicts_no_finished_set_again(
    inference: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tinybert import evaluation

    asked: list[int] = []
    real = evaluation.predict

    def breaking(model: Bert, tokens: Any, rows: np.ndarray, *rest: Any) -> np.ndarray:
        if len(asked) == 3:
            raise KeyboardInterrupt
        asked.append(len(rows))
        return real(model, tokens, rows, *rest)

    monkeypatch.setattr(evaluation, "predict", breaking)
    with pytest.raises(KeyboardInterrupt):
        inference.run("evaluate", tmp_path / "evaluate")
    asked.clear()
    monkeypatch.setattr(evaluation, "predict", lambda *given: asked.append(len(given[2])) or real(*given))
    result = inference.run("evaluate", tmp_path / "evaluate")
    assert asked == [6, 24, 21, 10, 6]
    assert result["details"] == read_result(inference.root / "evaluate")["details"]
    assert not (tmp_path / "evaluate" / "logits").exists()


def test_a_teacher_learns_scores(similarity: Project) -> None:
    result = read_result(similarity.root / "teacher")
    logits, gold = logits_of(similarity, "teacher", "dev")
    assert logits.shape == (30, 1) and gold.dtype == np.float32
    pearson, spearman = stats.pearsonr(logits[:, 0], gold).statistic, stats.spearmanr(logits[:, 0], gold).statistic
    assert result["metrics"]["dev_score"] == pytest.approx((pearson + spearman) / 2, abs=1e-5)
    assert result["metrics"]["dev_score"] > 0.9
    assert np.mean((logits[:, 0] - gold) ** 2) < 0.1 * gold.var()
    dev = result["series"]["dev"]
    assert result["metrics"]["dev_score"] == max(row[dev["columns"].index("score")] for row in dev["rows"])
    losses = [row[dev["columns"].index("loss")] for row in dev["rows"]]
    best = [row[2] for row in dev["rows"]].index(result["metrics"]["dev_score"])
    assert losses[best] == pytest.approx(np.mean((logits[:, 0] - gold) ** 2), rel=1e-5)


def test_a_student_learns_the_teachers_scores(similarity: Project) -> None:
    metrics = read_result(similarity.root / "distill")["metrics"]
    student, gold = logits_of(similarity, "distill", "dev")
    teacher, _ = logits_of(similarity, "teacher", "dev")
    assert metrics["dev_score"] > 0.9
    assert np.mean((student - teacher) ** 2) < 0.3 * gold.var()


def test_the_gold_scores_do_not_reach_the_student(similarity: Project, tmp_path: Path) -> None:
    """Huawei's code learns from them. Here mirrored ones train the same bits, unless they have a share."""
    rows = load_file(similarity.root / "prepare" / "train.safetensors")
    prepared = tmp_path / "prepare"
    shutil.copytree(similarity.root / "prepare", prepared)
    save_file(rows | {"labels": 5 - rows["labels"]}, prepared / "train.safetensors")
    usual, mirrored = (
        similarity.run("distill", tmp_path / name, inputs={"prepare": str(directory)})
        for name, directory in (("usual", similarity.root / "prepare"), ("mirrored", prepared))
    )
    assert (mirrored["artifacts"], mirrored["series"]) == (usual["artifacts"], usual["series"])
    share = {"hard_label_weight": 0.5}
    changed = similarity.run("distill", tmp_path / "share", options=share, inputs={"prepare": str(prepared)})
    assert changed["artifacts"] != usual["artifacts"]


@pytest.mark.parametrize(
    "changes", [JOINT, {"hard_label_weight": 0.5}, {"objective": "padded-scores", "padding": "fixed", "temperature": 3}]
)
def test_variants_of_a_regression(similarity: Project, tmp_path: Path, changes: dict[str, Any]) -> None:
    result = similarity.run("distill", tmp_path / "distill", options=changes)
    assert -1 <= result["metrics"]["dev_score"] <= 1
    series = result["series"]["train"]
    column = series["columns"].index("prediction_loss")
    assert series["rows"][-1][column] > 0


def test_a_regressions_evaluation(similarity: Project) -> None:
    result = read_result(similarity.root / "evaluate")
    (dev,) = result["details"]["dev_sets"]
    names = ("corr", "pearson", "spearman")
    told = {f"{role}_{name}" for role in ("teacher", "student") for name in names}
    assert result["metrics"].keys() == {"rows"} | told
    arrays = load_file(similarity.root / "evaluate" / "predictions.safetensors")
    assert arrays["labels"].dtype == np.float32
    for role, stage in (("teacher", "teacher"), ("student", "distill")):
        scores = arrays[f"{role}_logits"][:, 0]
        found = {name: dev["scores"][role][name] for name in names}
        expected = {"pearson": stats.pearsonr, "spearman": stats.spearmanr}
        for name, function in expected.items():
            assert found[name]["value"] == pytest.approx(function(scores, arrays["labels"]).statistic, abs=1e-5)
        dev_score = read_result(similarity.root / stage)["metrics"]["dev_score"]
        assert found["corr"]["value"] == result["metrics"][f"{role}_corr"] == pytest.approx(dev_score, abs=1e-3)
        assert found["corr"]["interval"][0] < found["corr"]["value"] < found["corr"]["interval"][1]
    errors = [abs(each["student"] - each["label"]) for each in dev["wrong"]]
    assert len(errors) == 20 and errors == sorted(errors, reverse=True)
    assert errors[0] == pytest.approx(np.abs(arrays["student_logits"][:, 0] - arrays["labels"]).max())


def test_a_regressions_submission(similarity: Project) -> None:
    lines = (similarity.root / "evaluate" / "submission" / "similarity.tsv").read_text().splitlines()
    logits, _ = logits_of(similarity, "distill", "test-similarity")
    expected = np.clip(logits[:, 0], 0, 5)
    assert lines[0] == "index\tprediction"
    assert [line.split("\t")[0] for line in lines[1:]] == [str(100 + row) for row in range(10)]
    assert [float(line.split("\t")[1]) for line in lines[1:]] == pytest.approx(expected.tolist(), abs=6e-4)


def test_a_regressions_export(similarity: Project) -> None:
    result = read_result(similarity.root / "export")
    assert result["metrics"]["max_logit_difference"] <= 1e-5
    directory = similarity.root / "export" / "student"
    config = json.loads((directory / "config.json").read_text())
    assert (config["problem_type"], config["id2label"]) == ("regression", {"0": "score"})
    assert "one score from 0 to 5" in (directory / "README.md").read_text()


@pytest.mark.engine("torch")
def test_transformers_serves_the_scores(similarity: Project) -> None:
    transformers = pytest.importorskip("transformers")
    score = transformers.pipeline("text-classification", model=str(similarity.root / "export" / "student"))
    lines = (similarity.data / "dev.tsv").read_text().splitlines()[1:]
    pairs = [dict(zip(("text", "text_pair"), line.split("\t")[:2], strict=True)) for line in lines]
    logits, _ = logits_of(similarity, "distill", "dev")
    assert [each["score"] for each in score(pairs)] == pytest.approx(logits[:, 0].tolist(), abs=1e-4)


def test_a_regression_can_be_measured(similarity: Project, tmp_path: Path) -> None:
    result = similarity.run("measure", tmp_path / "measure")
    evaluated = read_result(similarity.root / "evaluate")["metrics"]
    for each in result["details"]["subjects"]:
        assert each["score"] == pytest.approx(evaluated[f"{each['model']}_corr"], abs=1e-3)
        assert each["agreement"] == 1


def test_a_metric_that_does_not_fit_is_refused(similarity: Project, tmp_path: Path) -> None:
    for stage in ("teacher", "distill", "evaluate"):
        with pytest.raises(BadInputError, match="similarity is a regression, accuracy no metric of one"):
            similarity.run(stage, tmp_path / stage, task=SIMILARITY | {"metrics": ["accuracy"]})
