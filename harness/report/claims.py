"""The published claims, `reports/claims/*.yaml`: what was printed, how, under which conditions, and what counts as the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness.errors import UsageError
from harness.paths import REPORTS
from harness.schema_check import validator, violations
from harness.yaml_file import YamlFile, load_yaml

CLAIMS = REPORTS / "claims"

Quantity = Literal["accuracy", "parameters", "parameter_ratio", "dataset_pass_s", "speedup"]
# Who a quantity is about.
ROLES = {
    "accuracy": ("teacher", "student"),
    "parameters": ("teacher", "student"),
    "parameter_ratio": ("both",),
    "dataset_pass_s": ("teacher", "student"),
    "speedup": ("both",),
}
# The stage that tells what a claim's quantity is here.
TOLD_BY = dict.fromkeys(ROLES, "measure") | {"accuracy": "evaluate"}
COUNTS_PARAMETERS = ("parameters", "parameter_ratio")


@dataclass(frozen=True)
class Tolerance:
    """When a measurement agrees with the published value.

    `dev-set`: an accuracy within `statistics.accuracy_tolerance` of it; `exact`: equal; `printed`: equal once printed as the
    published value was; `relative`: within `fraction` of it.
    """

    kind: Literal["dev-set", "exact", "printed", "relative"]
    reason: str
    fraction: float = 0.0


@dataclass(frozen=True)
class Source:
    title: str
    url: str
    conditions: str


@dataclass(frozen=True)
class Claim:
    """One published number. `conditions` holds the published conditions that it needs; `counted` the parameter parts by role."""

    id: str
    quantity: Quantity
    role: Literal["teacher", "student", "both"]
    value: float
    printed: str
    printing: Literal["rounded", "truncated"]
    conditions: Mapping[str, Any]
    counted: Mapping[str, tuple[str, ...]]
    tolerance: Tolerance
    note: str
    source: Source

    @property
    def stage(self) -> str:
        return TOLD_BY[self.quantity]


def load_claims(task: str, folder: Path = CLAIMS) -> tuple[Claim, ...]:
    """The claims published for a task, in the order of the files. Raises UsageError naming every fault of every file."""
    claims: list[Claim] = []
    problems: list[str] = []
    for path in sorted(folder.glob("*.yaml")):
        file = load_yaml(path)
        found = _problems(file)
        problems += found
        if not found and file.value["task"] == task:
            claims += _claims(file.value)
    names = [claim.id for claim in claims]
    problems += [
        f"{folder}: the claim {name!r} is given twice" for name in sorted({n for n in names if names.count(n) > 1})
    ]
    if problems:
        raise UsageError("\n".join(problems))
    return tuple(claims)


_TEXT = {"type": "string", "minLength": 1}
_SHAPE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["layers", "hidden_size", "heads", "intermediate_size"],
    "properties": {
        name: {"type": "integer", "minimum": 1} for name in ("layers", "hidden_size", "heads", "intermediate_size")
    },
}
_CONDITIONS: dict[str, Any] = {
    "data": _TEXT,
    "profile": {"enum": ["full", "quick"]},
    "weights": _TEXT,
    "teacher": _SHAPE,
    "student": _SHAPE,
    "start": {"enum": ["general", "projected", "random"]},
    "engine": {"enum": ["oneflow", "torch"]},
    "device_name": _TEXT,
    "batch_size": {"type": "integer", "minimum": 1},
    "padded_length": {"type": "integer", "minimum": 1},
}
_PARTS = {
    "type": "array",
    "minItems": 1,
    "uniqueItems": True,
    "items": {"enum": ["embeddings", "layers", "pooler", "encoder", "head", "projection"]},
}
_CLAIM: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "quantity", "role", "value", "printed", "printing", "needs", "tolerance"],
    "properties": {
        "id": {"type": "string", "pattern": "^[a-z0-9-]+$"},
        "quantity": {"enum": list(ROLES)},
        "role": {"enum": ["teacher", "student", "both"]},
        "value": {"type": "number", "exclusiveMinimum": 0},
        "printed": _TEXT,
        "printing": {"enum": ["rounded", "truncated"]},
        "counted": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"teacher": _PARTS, "student": _PARTS},
        },
        "needs": {"type": "array", "uniqueItems": True, "items": {"enum": list(_CONDITIONS)}},
        "tolerance": {
            "type": "object",
            "additionalProperties": False,
            "required": ["kind", "reason"],
            "properties": {
                "kind": {"enum": ["dev-set", "exact", "printed", "relative"]},
                "fraction": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
                "reason": _TEXT,
            },
        },
        "note": _TEXT,
    },
}
_FILE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["task", "source", "published", "claims"],
    "properties": {
        "task": _TEXT,
        "source": {
            "type": "object",
            "additionalProperties": False,
            "required": ["title", "url", "conditions"],
            "properties": {"title": _TEXT, "url": {"type": "string", "pattern": "^https://"}, "conditions": _TEXT},
        },
        "published": {"type": "object", "additionalProperties": False, "properties": _CONDITIONS},
        "claims": {"type": "array", "minItems": 1, "items": _CLAIM},
    },
}


def _problems(file: YamlFile) -> list[str]:
    """Faults of form, and, where the form is right, of what must fit together."""
    found = [*file.problems, *violations(validator(_FILE), file, (), file.value)]
    if found:
        return found
    for index, claim in enumerate(file.value["claims"]):
        where, quantity, tolerance = file.at(("claims", index)), claim["quantity"], claim["tolerance"]
        roles = ROLES[quantity]
        wanted = (
            {"both": {"teacher", "student"}}.get(claim["role"], {claim["role"]})
            if quantity in COUNTS_PARAMETERS
            else set()
        )
        if claim["role"] not in roles:
            found.append(
                f"{where}: {claim['id']}: a claim on {quantity} has the role {' or '.join(roles)}, not {claim['role']}"
            )
        if set(claim.get("counted", {})) != wanted:
            named = " and ".join(sorted(wanted)) or "nobody (leave it out)"
            found.append(f"{where}: {claim['id']}: counted must name the parts of {named}")
        if ("fraction" in tolerance) != (tolerance["kind"] == "relative"):
            found.append(f"{where}: {claim['id']}: a relative tolerance has a fraction, the others have none")
        if tolerance["kind"] == "dev-set" and quantity != "accuracy":
            found.append(f"{where}: {claim['id']}: a dev-set tolerance is for an accuracy")
        found += [
            f"{where}: {claim['id']}: needs {name}, which `published` does not give"
            for name in claim["needs"]
            if name not in file.value["published"]
        ]
    return found


def _claims(value: Mapping[str, Any]) -> list[Claim]:
    source = Source(**value["source"])
    return [
        Claim(
            id=claim["id"],
            quantity=claim["quantity"],
            role=claim["role"],
            value=claim["value"],
            printed=claim["printed"],
            printing=claim["printing"],
            conditions={name: value["published"][name] for name in claim["needs"]},
            counted={role: tuple(parts) for role, parts in claim.get("counted", {}).items()},
            tolerance=Tolerance(**claim["tolerance"]),
            note=claim.get("note", ""),
            source=source,
        )
        for claim in value["claims"]
    ]
