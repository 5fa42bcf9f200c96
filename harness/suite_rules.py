"""What a suite may say: its schema, and how its parts must fit together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.schema_check import contract_validator, nearest, validator, violations
from harness.stages import AUGMENTATIONS, STAGES, earlier_stages
from harness.tasks import Task
from harness.yaml_file import Where, YamlFile

PHASES = {"two-phase": ("intermediate", "prediction"), "joint": ("joint",)}
"""The training phases of each distillation schedule."""
LAYER_TERMS = ("embedding", "hidden", "attention")
TERMS = {"intermediate": LAYER_TERMS, "prediction": ("prediction",), "joint": (*LAYER_TERMS, "prediction")}
"""The terms of each phase's loss."""

_SUITE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["task", "summary", "profiles"],
    "properties": {
        "task": {"type": "string"},
        "summary": {"type": "string"},
        "profiles": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["summary", "teacher_weights", "student_weights", "stages"],
                "properties": {
                    "summary": {"type": "string"},
                    "teacher_weights": {"type": "string", "minLength": 1},
                    "student_weights": {"type": ["string", "null"], "minLength": 1},
                    "stages": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["prepare"],
                        "properties": {stage: {"type": "object"} for stage in STAGES},
                    },
                },
            },
        },
    },
}


def suite_problems(file: YamlFile, tasks: Mapping[str, Task]) -> list[str]:
    """Every fault of a suite's file, each with its line."""
    problems = [*file.problems, *violations(validator(_SUITE_SCHEMA), file, (), file.value)]
    value = file.value if isinstance(file.value, dict) else {}
    name = value.get("task")
    task = tasks.get(name) if isinstance(name, str) else None
    if isinstance(name, str) and task is None:
        problems.append(
            _fault(file, ("task",), f"unknown task {name!r}{nearest(name, tasks)}; known: {', '.join(tasks)}")
        )
    for profile, parts in _mappings(value.get("profiles")):
        where: Where = ("profiles", profile, "stages")
        problems += _missing_stages(file, where, parts.get("stages"))
        for stage, options in _mappings(parts.get("stages")):
            if stage == "prepare":
                problems += _prepare_problems(file, (*where, stage), options, task)
            elif stage in STAGES:
                problems += _stage_problems(file, (*where, stage), stage, options)
        problems += _start_problems(file, profile, parts)
    return problems


def _missing_stages(file: YamlFile, where: Where, stages: Any) -> list[str]:
    """A stage whose earlier ones the profile leaves out has nothing to read."""
    present = dict(_mappings(stages))
    problems = []
    for stage in (each for each in STAGES if each in present):
        if missing := [each for each in earlier_stages(stage, present[stage], present) if each not in present]:
            hint = ", or models of its own" if stage == "measure" else ""
            problems.append(_fault(file, (*where, stage), f"it needs the stages {', '.join(missing)}{hint}"))
    return problems


def _fault(file: YamlFile, where: Where, message: str) -> str:
    return f"{file.at(where)}: {'.'.join(map(str, where))}: {message}"


def _prepare_problems(file: YamlFile, where: Where, options: dict[str, Any], task: Task | None) -> list[str]:
    if "source" in options:
        return [_fault(file, (*where, "source"), "not chosen here: it follows from the data found")]
    if task is not None and "sample" in options and (options["sample"] is not None) != task.has_sample:
        message = f"the embedded sample does not stand in for {task.name}: write null"
        if task.has_sample:
            message = "the size of the embedded sample is wanted, for where no data is found"
        return [_fault(file, (*where, "sample"), message)]
    return violations(contract_validator("options/prepare.schema.json"), file, where, {"source": "sample", **options})


def _stage_problems(file: YamlFile, where: Where, stage: str, options: dict[str, Any]) -> list[str]:
    if stage == "augment":
        if "mode" in options:
            return [_fault(file, (*where, "mode"), "not chosen here: AUGMENT chooses it")]
        options = {"mode": AUGMENTATIONS[1], **options}
    found = violations(contract_validator(f"options/{stage}.schema.json"), file, where, options)
    return found if found or stage != "distill" else _distill_problems(file, where, options)


def _distill_problems(file: YamlFile, where: Where, options: dict[str, Any]) -> list[str]:
    """What a schema cannot say about a valid set of options: how they fit together."""
    problems = []
    student, schedule, layer_map = options["student"], options["schedule"], options["layer_map"]
    if student["hidden_size"] % student["heads"]:
        message = f"hidden_size {student['hidden_size']} must be a multiple of heads {student['heads']}"
        problems.append(_fault(file, (*where, "student"), message))
    for phase in ("intermediate", "prediction", "joint"):
        is_used = phase in PHASES[schedule]
        if is_used and options[phase] is None:
            problems.append(_fault(file, (*where, phase), f"the schedule {schedule} needs it, and it is null"))
        if not is_used and options[phase] is not None:
            problems.append(_fault(file, (*where, phase), f"the schedule {schedule} does not use it: write null"))
        if is_used and not any(options["loss_weights"][term] for term in TERMS[phase]):
            message = f"nothing is left of the phase {phase}: one of {', '.join(TERMS[phase])} must be above 0"
            problems.append(_fault(file, (*where, "loss_weights"), message))
    if isinstance(layer_map, list):
        wanted = student["layers"] + 1
        if len(layer_map) != wanted:
            message = f"{wanted} entries are wanted (the embeddings and each layer), it has {len(layer_map)}"
            problems.append(_fault(file, (*where, "layer_map"), message))
        if sorted(layer_map) != layer_map:
            problems.append(_fault(file, (*where, "layer_map"), "the teacher's layers must not decrease"))
    return problems


def _start_problems(file: YamlFile, name: str, profile: dict[str, Any]) -> list[str]:
    """The general start needs weights, and no other start uses any."""
    where, weights = ("profiles", name, "student_weights"), profile.get("student_weights")
    start = dict(_mappings(profile.get("stages"))).get("distill", {}).get("start")
    if start == "general" and "student_weights" in profile and weights is None:
        return [_fault(file, where, "the start general needs the weights of a general TinyBERT")]
    if start in ("projected", "random") and weights is not None:
        return [_fault(file, where, f"the start {start} does not use them: write null")]
    return []


def _mappings(value: Any) -> list[tuple[str, dict[str, Any]]]:
    """The items of a mapping that are mappings themselves; what is not was reported by the schema."""
    return [(key, child) for key, child in value.items() if isinstance(child, dict)] if isinstance(value, dict) else []
