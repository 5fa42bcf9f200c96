"""The two engine modules offer the same names with the same parameters; read as text, since a process loads but one of them."""

from __future__ import annotations

import ast
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "tinybert" / "engine"


def _signatures(module: str) -> dict[str, list[str]]:
    """Public function, or method of a public class -> its parameters with their defaults."""
    found = {}
    for node in ast.parse((FOLDER / f"{module}.py").read_text(encoding="utf-8")).body:
        members = (
            [(f"{node.name}.", member) for member in node.body] if isinstance(node, ast.ClassDef) else [("", node)]
        )
        for prefix, member in members:
            if isinstance(member, ast.FunctionDef):
                defaults = [ast.unparse(default) for default in member.args.defaults]
                found[prefix + member.name] = [argument.arg for argument in member.args.args] + defaults
    return found


def _exports(module: str) -> list[str]:
    tree = ast.parse((FOLDER / f"{module}.py").read_text(encoding="utf-8"))
    lists = [
        node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    names: list[str] = ast.literal_eval(lists[0])
    return names


def test_engines_export_the_same_names() -> None:
    assert _exports("oneflow_engine") == _exports("torch_engine")


def test_engines_take_the_same_parameters() -> None:
    assert _signatures("oneflow_engine") == _signatures("torch_engine")
