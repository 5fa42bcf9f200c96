"""Keys change with what can change a result, and with nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import keys
from harness.keys import Conditions, import_closure, stage_key

CONDITIONS = Conditions("torch", "1" * 64, "cpu", "a CPU (2 threads)", 2, 1)
TASK = {"name": "SST-2"}
MODULES = {
    "__init__": "",
    "__main__": "from tinybert.cli import main",
    "cli": "def main():\n    from tinybert import engine as E\n    from . import spec\n",
    "spec": "import json",
    "engine/__init__": "if True:\n    from tinybert.engine.torch_engine import *\nelse:\n    from tinybert.engine.oneflow_engine import *",
    "engine/torch_engine": "import torch",
    "engine/oneflow_engine": "from tinybert.engine import hazards",
    "engine/hazards": "",
    "model/__init__": "",
    "model/bert": "from tinybert.model import config",
    "model/config": "",
    "unused": "raise SystemExit('it was imported')",
    "stages/__init__": "",
    "stages/prepare": "import tinybert.spec",
    "stages/teacher": "from ..model.bert import Bert",
}


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name, source in MODULES.items():
        path = tmp_path / "tinybert" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    monkeypatch.setattr(keys, "ROOT", tmp_path)
    keys._imports.cache_clear()
    yield tmp_path / "tinybert"
    keys._imports.cache_clear()


def key(stage: str, conditions: Conditions = CONDITIONS, **changes: Any) -> str:
    keys._imports.cache_clear()
    given: dict[str, Any] = {"options": {"rows": 1}, "task": TASK, "inputs": {"weights": "2" * 64}, **changes}
    return stage_key(stage, given["options"], given["task"], given["inputs"], conditions)


def test_the_closure_follows_import_statements_alone(pipeline: Path) -> None:
    closure = import_closure(["tinybert.__main__", "tinybert.stages.teacher"])
    names = [name for name in MODULES if name not in ("unused", "stages/prepare")]
    assert closure == sorted(f"tinybert.{name}".replace("/", ".").removesuffix(".__init__") for name in names)


@pytest.mark.parametrize(
    ("module", "touched"),
    [
        ("cli", {"prepare", "teacher"}),
        ("spec", {"prepare", "teacher"}),
        ("model/config", {"teacher"}),
        ("engine/torch_engine", {"teacher"}),
        ("engine/oneflow_engine", set()),
        ("engine/hazards", set()),
        ("stages/prepare", {"prepare"}),
        ("unused", set()),
    ],
)
def test_a_change_of_code_touches_the_stages_that_reach_it(pipeline: Path, module: str, touched: set[str]) -> None:
    before = {stage: key(stage) for stage in ("prepare", "teacher")}
    with (pipeline / f"{module}.py").open("a") as file:
        file.write("\n# changed\n")
    assert {stage for stage in before if key(stage) != before[stage]} == touched


@pytest.mark.parametrize(
    "change",
    [
        {"engine": "oneflow"},
        {"environment": "3" * 64},
        {"device": "cuda"},
        {"device_name": "another CPU"},
        {"threads": 3},
        {"seed": 2},
        {"container": "torch-2-cpu"},
    ],
)
def test_conditions_touch_every_stage_but_prepare(pipeline: Path, change: dict[str, Any]) -> None:
    changed = replace(CONDITIONS, **change)
    assert key("teacher", changed) != key("teacher")
    assert key("prepare", changed) == key("prepare")


@pytest.mark.parametrize(
    "change", [{"options": {"rows": 2}}, {"task": {"name": "CoLA"}}, {"inputs": {"weights": "4" * 64}}, {"inputs": {}}]
)
def test_orders_touch_every_stage(pipeline: Path, change: dict[str, Any]) -> None:
    for stage in ("prepare", "teacher"):
        assert key(stage, **change) != key(stage)


def test_keys_of_the_real_stages_differ_and_hold() -> None:
    found = {stage: key(stage) for stage in ("prepare", "teacher", "distill", "evaluate", "measure", "export")}
    assert len(set(found.values())) == 6 and found == {stage: key(stage) for stage in found}
    assert all(len(each) == 64 and int(each, 16) >= 0 for each in found.values())


def test_the_order_of_the_dev_sets_touches_the_key() -> None:
    """The first one chooses checkpoints, and sorted keys do not tell which it is."""
    one = key("teacher", task={"name": "MNLI", "dev": {"matched": "a.tsv", "mismatched": "b.tsv"}})
    assert one != key("teacher", task={"name": "MNLI", "dev": {"mismatched": "b.tsv", "matched": "a.tsv"}})
