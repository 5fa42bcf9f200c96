"""The form of a claims file, `reports/claims/*.yaml`: its schema, and what must fit together beyond it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.report.metric import METRICS
from harness.report.printing import is_readable
from harness.schema_check import validator, violations
from harness.yaml_file import YamlFile

# Who an amount is about.
ROLES = {
    "parameters": ("teacher", "student"),
    "parameter_ratio": ("both",),
    "dataset_pass_s": ("teacher", "student"),
    "speedup": ("both",),
    "forward_speedup": ("both",),
}
COUNTS_PARAMETERS = ("parameters", "parameter_ratio")
# A condition that every file gives without saying so: that the rows are those of the claim's task.
GIVEN = "data"

_TEXT = {"type": "string", "minLength": 1}
_NAME = {"type": "string", "pattern": "^[a-z0-9-]+$"}


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "uniqueItems": True, "items": items}


_SIZES = ("layers", "hidden_size", "heads", "intermediate_size")
_SHAPE = _object([*_SIZES], **{name: {"type": "integer", "minimum": 1} for name in _SIZES})
_CONDITIONS: dict[str, Any] = {
    "profile": {"enum": ["full", "quick"]},
    "split": {"enum": ["dev", "test"]},
    "method": _TEXT,
    "weights": _TEXT,
    "teacher": _SHAPE,
    "student": _SHAPE,
    "start": {"enum": ["general", "projected", "random"]},
    "augmentation": {"type": "boolean"},
    "engine": {"enum": ["oneflow", "torch"]},
    "device_name": _TEXT,
    "batch_size": {"type": "integer", "minimum": 1},
    "padded_length": {"type": "integer", "minimum": 1},
}
_PUBLISHED = _object([], **_CONDITIONS)
_NEEDS = {"type": "array", "uniqueItems": True, "items": {"enum": [GIVEN, *_CONDITIONS]}}
_PARTS = _list({"enum": ["embeddings", "layers", "pooler", "encoder", "head", "projection"]})
_SCORES = _object(
    ["id", "role", "needs", "values"],
    id=_NAME,
    role={"enum": ["teacher", "student"]},
    variant=_TEXT,
    published=_PUBLISHED,
    needs=_NEEDS,
    note=_TEXT,
    values=_list(
        _object(
            ["task", "metric", "printed"],
            task=_TEXT,
            metric={"enum": list(METRICS)},
            dev_set=_NAME,
            printed={"type": "string", "pattern": r"^[0-9]{1,2}\.[0-9]+$"},
            note=_TEXT,
        )
    ),
)
_AMOUNT = _object(
    ["id", "tasks", "quantity", "role", "value", "printed", "printing", "needs", "tolerance"],
    id=_NAME,
    tasks=_list(_TEXT),
    quantity={"enum": list(ROLES)},
    role={"enum": ["teacher", "student", "both"]},
    variant=_TEXT,
    value={"type": "number", "exclusiveMinimum": 0},
    printed=_TEXT,
    printing={"enum": ["rounded", "truncated"]},
    counted=_object([], teacher=_PARTS, student=_PARTS),
    published=_PUBLISHED,
    needs=_NEEDS,
    tolerance=_object(
        ["kind", "reason"],
        kind={"enum": ["exact", "printed", "relative"]},
        fraction={"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        reason=_TEXT,
    ),
    note=_TEXT,
)
_FILE = _object(
    ["source", "published"],
    source=_object(
        ["name", "title", "url", "conditions"],
        name=_TEXT,
        title=_TEXT,
        url={"type": "string", "pattern": "^https://"},
        conditions=_TEXT,
    ),
    published=_PUBLISHED,
    scores=_list(_SCORES),
    amounts=_list(_AMOUNT),
)


def problems(file: YamlFile) -> list[str]:
    """Faults of form, and, where the form is right, of what must fit together; each with its line."""
    found = [*file.problems, *violations(validator(_FILE), file, (), file.value)]
    return found or [*_misfits(file)]


def _misfits(file: YamlFile) -> Iterator[str]:
    for index, amount in enumerate(file.value.get("amounts", ())):
        for fault in _faults(amount):
            yield f"{file.at(('amounts', index))}: {amount['id']}: {fault}"
    for part in ("scores", "amounts"):
        for index, claim in enumerate(file.value.get(part, ())):
            known = conditions(file.value, claim).keys() | {GIVEN}
            for name in claim["needs"]:
                if name not in known:
                    yield f"{file.at((part, index))}: {claim['id']}: needs {name}, which `published` does not give"


def _faults(amount: Mapping[str, Any]) -> Iterator[str]:
    quantity, role, tolerance = amount["quantity"], amount["role"], amount["tolerance"]
    if role not in ROLES[quantity]:
        yield f"a claim on {quantity} has the role {' or '.join(ROLES[quantity])}, not {role}"
    counting = {"teacher", "student"} if role == "both" else {role}
    wanted = counting if quantity in COUNTS_PARAMETERS else set()
    if set(amount.get("counted", {})) != wanted:
        yield f"counted must name the parts of {' and '.join(sorted(wanted)) or 'nobody (leave it out)'}"
    if tolerance["kind"] == "printed" and not is_readable(amount["printed"]):
        yield f"{amount['printed']!r} is no number in M or x, which a tolerance of the kind printed needs"
    if ("fraction" in tolerance) != (tolerance["kind"] == "relative"):
        yield "a relative tolerance has a fraction, the others have none"


def conditions(file: Mapping[str, Any], claim: Mapping[str, Any]) -> dict[str, Any]:
    """What held when a claim's number was taken: the file's conditions, and the claim's own over them."""
    return {**file["published"], **claim.get("published", {})}
