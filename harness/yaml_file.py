"""A YAML file whose every value knows its line, and whose traps are errors instead of surprises."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from harness.errors import UsageError

Where = tuple[str | int, ...]
"""The way to a value: mapping keys and 0-based list positions."""

# YAML 1.1 reads 012 as ten, 1_000 as a thousand, 1:30 as ninety, and 1e-4, for want of a dot, as text.
_SURPRISING_INTEGER = re.compile(r"[-+]?(0[0-9_]|0[bx]|[0-9][0-9_]*[_:])")
_EXPONENT_AS_TEXT = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+")
_PLAIN_COLLECTIONS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


@dataclass(frozen=True)
class YamlFile:
    """A parsed file: its value, the 1-based line of each value, and the problems that parsing found."""

    path: Path
    value: Any
    lines: dict[Where, int]
    problems: list[str] = field(default_factory=list)

    def at(self, where: Where) -> str:
        """`file:line` of a value, or of the nearest value around it."""
        while where and where not in self.lines:
            where = where[:-1]
        return f"{self.path}:{self.lines.get(where, 1)}"


def load_yaml(path: Path) -> YamlFile:
    """Parse with the safe loader. Raises UsageError when the file cannot be read or is not YAML."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise UsageError(f"{path}: the alias *{event.anchor} is not allowed: write the value out")
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        parsed = YamlFile(path, None, {})
        value = None if node is None else _construct(loader, node, (), parsed)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        raise UsageError(f"{place}: not valid YAML: {getattr(error, 'problem', None) or error}") from error
    except RecursionError as error:
        raise UsageError(f"{path}: nested too deeply") from error
    return YamlFile(path, value, parsed.lines, parsed.problems)


def _construct(loader: yaml.SafeLoader, node: yaml.Node, where: Where, parsed: YamlFile) -> Any:
    line = node.start_mark.line + 1
    parsed.lines[where] = line
    if not isinstance(node, yaml.ScalarNode) and node.tag not in _PLAIN_COLLECTIONS:
        parsed.problems.append(f"{parsed.path}:{line}: the tag {node.tag} is not allowed")
    if isinstance(node, yaml.SequenceNode):
        return [_construct(loader, child, (*where, index), parsed) for index, child in enumerate(node.value)]
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_object(node)
        if type(value) is int and _SURPRISING_INTEGER.match(node.value):
            parsed.problems.append(
                f"{parsed.path}:{line}: YAML reads {node.value} as {value}: write {value}, or quote it"
            )
        if isinstance(value, float) and not math.isfinite(value):
            parsed.problems.append(f"{parsed.path}:{line}: {node.value} is not a finite number")
        return value
    mapping: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        key_line = key_node.start_mark.line + 1
        if not isinstance(key, str):
            parsed.problems.append(f"{parsed.path}:{key_line}: the key {key_node.value} is read as {key!r}: quote it")
            key = str(key)
        if key in mapping:
            parsed.problems.append(f"{parsed.path}:{key_line}: the key {key!r} is given twice")
        mapping[key] = _construct(loader, value_node, (*where, key), parsed)
        parsed.lines[(*where, key)] = key_line
    return mapping


def is_number_as_text(value: Any) -> bool:
    """Whether YAML 1.1 took a number such as 1e-4 for text, for want of a dot."""
    return isinstance(value, str) and _EXPONENT_AS_TEXT.fullmatch(value) is not None
