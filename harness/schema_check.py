"""Hold a YAML file against a JSON schema: every violation, with its line, what is allowed and the nearest name."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from harness.paths import CONTRACT
from harness.yaml_file import Where, YamlFile, is_number_as_text

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError


@lru_cache
def contract_validator(name: str) -> Draft202012Validator:
    """A validator of one of the contract's schemas, read as data: `task.schema.json`, `options/teacher.schema.json`."""
    from referencing import Registry, Resource

    task = Resource.from_contents(json.loads((CONTRACT / "task.schema.json").read_text(encoding="utf-8")))
    return validator(
        json.loads((CONTRACT / name).read_text(encoding="utf-8")), Registry().with_resource("task.schema.json", task)
    )


def validator(schema: dict[str, Any], registry: Any = None) -> Draft202012Validator:
    from jsonschema import Draft202012Validator
    from referencing import Registry

    return Draft202012Validator(schema, registry=registry if registry is not None else Registry())


def violations(checker: Draft202012Validator, file: YamlFile, where: Where, value: Any) -> list[str]:
    """`file:line: path: what is wrong, what is allowed` for each violation of `value`, which lies at `where`."""
    return [
        f"{file.at((*where, *error.absolute_path, *extra))}: {message}"
        for error in sorted(
            _leaves(checker.iter_errors(value)), key=lambda error: [str(part) for part in error.absolute_path]
        )
        for extra, message in _explain(error, ".".join(map(str, (*where, *error.absolute_path))) or "the file")
    ]


def nearest(name: object, allowed: Iterable[object]) -> str:
    """` (did you mean ...?)`, or nothing where no allowed name is near."""
    close = difflib.get_close_matches(str(name).lower(), [str(each).lower() for each in allowed], n=1, cutoff=0.5)
    original = [str(each) for each in allowed if close and str(each).lower() == close[0]]
    return f" (did you mean {original[0]!r}?)" if original else ""


def _leaves(errors: Iterable[ValidationError]) -> Iterator[ValidationError]:
    """A failed `oneOf` says little: descend into the alternative whose type fits."""
    for error in errors:
        fitting = [
            child for child in error.context or () if child.validator not in ("type", "enum") or child.relative_path
        ]
        if error.validator == "oneOf" and fitting:
            yield from _leaves(fitting)
        else:
            yield error


def _explain(error: ValidationError, name: str) -> Iterator[tuple[Where, str]]:
    value, rule = error.instance, error.validator_value
    if error.validator == "additionalProperties":
        allowed = sorted(error.schema["properties"])
        for key in sorted(set(value) - set(allowed)):
            yield (key,), f"{name}: unknown key {key!r}{nearest(key, allowed)}; allowed: {', '.join(allowed)}"
    elif error.validator == "required":
        missing = [key for key in rule if key not in value]
        if error.message.startswith(repr(missing[0])):
            yield (), f"{name}: missing {', '.join(missing)}"
    elif error.validator == "enum":
        yield (), f"{name}: {value!r} is not one of {', '.join(map(_shown, rule))}{nearest(value, rule)}"
    elif error.validator == "type":
        wanted = rule if isinstance(rule, str) else " or ".join(rule)
        if is_number_as_text(value):
            yield (), f"{name}: YAML reads {value} as text: write {_with_dot(value)}"
        else:
            yield (), f"{name}: {_shown(value)} is not of the type {wanted}"
    elif error.validator == "oneOf":
        yield (), f"{name}: {_shown(value)} is none of: {'; '.join(map(_alternative, rule))}"
    elif error.validator in _LIMITS:
        yield (), f"{name}: {_shown(value)} must be {_LIMITS[error.validator]} {rule}"
    else:
        yield (), f"{name}: {error.message}"


_LIMITS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "exclusiveMaximum": "less than",
}


def _with_dot(number: str) -> str:
    mantissa, exponent = number.lower().split("e")
    sign = exponent[0] if exponent[0] in "+-" else "+"
    return f"{mantissa.rstrip('.') + ('' if '.' in mantissa.rstrip('.') else '.0')}e{sign}{exponent.lstrip('+-')}"


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _alternative(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(map(_shown, schema["enum"]))
    return str(schema.get("title") or schema.get("type", "a value"))
