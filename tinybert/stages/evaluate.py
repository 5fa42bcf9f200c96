"""Teacher and student on the dev sets, every row exactly once, and their predictions of the test sets for GLUE's server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinybert import artifacts
from tinybert import engine as E
from tinybert.data import splits
from tinybert.data.tokenizer import load_tokenizer, tokens_by_id
from tinybert.data.tokens import Tokens, load_tokens
from tinybert.errors import InfrastructureError
from tinybert.evaluating import files
from tinybert.evaluating.attention import attention
from tinybert.evaluating.dev_set import ROLES, DevSet, facts
from tinybert.evaluation import predict_in_shards
from tinybert.metrics import check_metrics
from tinybert.model.bert import Bert
from tinybert.model.weights import load_weights
from tinybert.result import RESULT, Outcome, StageContext
from tinybert.spec import TRAINED, StageSpec

LOGITS = "logits"

Logits = dict[str, dict[str, np.ndarray]]
"""Stem -> role -> [rows, labels]."""


def run(context: StageContext) -> Outcome:
    spec, out = context.spec, context.out
    check_metrics(spec.task)
    prepared = spec.inputs["prepare"]
    dev_stems, test_stems = dict(splits.dev_names(spec.task)), _test_stems(spec)
    sets = {
        stem: load_tokens(prepared / splits.tokens_file(stem), spec.options["max_length"])
        for stem in (*dev_stems.values(), *test_stems.values())
    }
    models = _models(spec)
    logits = _predict(context, models, sets, set(test_stems.values()))
    devs = {stem: _dev_set(name, stem, sets[stem], prepared, logits[stem]) for name, stem in dev_stems.items()}
    told = [facts(dev, spec.task, spec.seed) for dev in devs.values()]
    predictions: dict[str, str] = {}
    for stem, dev in devs.items():
        predictions |= files.write_predictions(out, stem.replace("dev", "predictions", 1), dev, spec.task)
    first = next(iter(devs))
    seen = attention(
        models, sets[first], devs[first], tokens_by_id(load_tokenizer(prepared / "tokenizer")), _teacher_layers(spec)
    )
    submissions, folders = _submit(spec, out, test_stems, logits)
    return Outcome(
        metrics=_metrics(told),
        artifacts=predictions | folders,
        details={"dev_sets": told, "attention": seen, "submissions": submissions},
        scratch=(LOGITS,),
    )


def _test_stems(spec: StageSpec) -> dict[str, str]:
    """Name -> stem of the test sets that are wanted and were prepared."""
    if not spec.options["submissions"]:
        return {}
    stems = {test.name: splits.test_stem(test.name) for test in spec.task.test}
    prepared = spec.inputs["prepare"]
    return {name: stem for name, stem in stems.items() if (prepared / splits.tokens_file(stem)).is_file()}


def _dev_set(name: str, stem: str, tokens: Tokens, prepared: Path, logits: Mapping[str, np.ndarray]) -> DevSet:
    texts = [files.text_of(row) for row in files.read_rows(prepared / splits.rows_file(stem))]
    return DevSet(name, tokens.labels, tokens.lengths, texts, logits)


def _models(spec: StageSpec) -> dict[str, Bert]:
    """By role."""
    models = {}
    for role, stage in TRAINED.items():
        config, weights, _ = load_weights(spec.inputs[stage] / "model", spec.task.labels, spec.seed)
        models[role] = Bert(config, weights, spec.device)
    return models


def _teacher_layers(spec: StageSpec) -> Sequence[int]:
    """For each layer of the student the teacher's whose attention it learned, both from 0."""
    result = artifacts.read_json(spec.inputs["distill"] / RESULT)
    if result is None:
        raise InfrastructureError(f"{spec.inputs['distill']} holds no {RESULT}: run the stage distill first")
    layers: Sequence[int] = result["details"]["layer_map"]["attention"]
    return layers


def _predict(context: StageContext, models: Mapping[str, Bert], sets: Mapping[str, Tokens], tests: set[str]) -> Logits:
    """Of every dev set both models' logits, of a test set those of the models that submit. Finished shards outlive a kill."""
    spec = context.spec
    logits: Logits = {stem: {} for stem in sets}
    for role, model in models.items():
        for stem, tokens in sets.items():
            if stem in tests and role not in spec.options["submissions"]:
                continue
            E.check_ids(tokens.input_ids, model.config.vocab_size)
            logits[stem][role] = predict_in_shards(
                model,
                tokens,
                np.arange(len(tokens)),
                spec.options["batch_size"],
                context.out / LOGITS / f"{stem}-{role}",
                f"evaluate {role} on {stem}",
            )
    return logits


def _submit(
    spec: StageSpec, out: Path, test_stems: Mapping[str, str], logits: Logits
) -> tuple[dict[str, str], dict[str, str]]:
    """Name of a test set -> the student's file, and the folders as artifacts."""
    folders: dict[str, str] = {}
    for name, stem in test_stems.items():
        ids = [row["id"] for row in files.read_rows(spec.inputs["prepare"] / splits.rows_file(stem))]
        for role, each in logits[stem].items():
            folder = folders[role] = files.SUBMISSIONS[role]
            files.write_submission(out / folder / f"{name}.tsv", ids, each, spec.task)
    submissions = {name: f"{folders['student']}/{name}.tsv" for name in test_stems} if "student" in folders else {}
    return submissions, {folder: folder for folder in folders.values()}


def _metrics(told: list[dict[str, Any]]) -> dict[str, float]:
    """Each metric of the first dev set under its name, of further ones with the set's name at the end; counts of the first set."""
    first = told[0]
    found: dict[str, float] = {"rows": first["rows"]}
    for each in told:
        ending = "" if each is first else f"_{each['name']}"
        for role in ROLES:
            for metric, score in each["scores"][role].items():
                found[f"{role}_{metric}{ending}"] = score["value"]
    counts = {f"{name}_correct": number for name, number in (first["counts"] or {}).items() if name != "rows"}
    return found | counts
