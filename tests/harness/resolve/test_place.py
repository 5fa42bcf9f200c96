"""Where stages run: the choice and its reason, on an Engine that is made to answer or not."""

from __future__ import annotations

import pytest

from harness.container.docker_engine import Presence
from harness.errors import InfrastructureError, UsageError
from harness.resolve import place
from harness.resolve.place import resolve_places

HERE, AWAY = Presence(True, "Docker Engine 20.10.24"), Presence(False, "no Docker Engine answers (No such file)")


@pytest.fixture(params=[HERE, AWAY], ids=["engine", "no engine"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Presence:
    monkeypatch.setattr(place, "presence", lambda: request.param)
    found: Presence = request.param
    return found


def test_by_default_in_a_container_where_an_engine_answers(engine: Presence) -> None:
    (found,) = resolve_places(None, None, "cpu", 2, strict=False)
    assert (found.image.name if found.image else None) == ("torch-2-cpu" if engine.answers else None)
    assert found.resolution.fallback is not engine.answers
    assert engine.why in found.resolution.reason


def test_both_engines_get_a_container_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "presence", lambda: HERE)
    found = resolve_places(None, "both", "cpu", 2, strict=True)
    assert [each.image.name for each in found if each.image] == ["oneflow-0.9.0-cpu", "torch-2-cpu"]


def test_strict_does_not_leave_the_container_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "presence", lambda: AWAY)
    with pytest.raises(UsageError, match="STRICT=1 does not run outside a container unasked"):
        resolve_places(None, None, "cpu", 2, strict=True)
    (asked,) = resolve_places(["local"], None, "cpu", 2, strict=True)
    assert asked.image is None and not asked.resolution.fallback


def test_a_container_that_was_asked_for_is_used_or_is_an_error(engine: Presence) -> None:
    if engine.answers:
        names = ["oneflow-0.9.0-cpu", "local", "torch-2-cpu"]
        found = resolve_places(names, None, "cpu", 2, strict=False)
        assert [each.image.name if each.image else "local" for each in found] == names
        assert [each.engine.engine for each in found] == ["oneflow", "torch", "torch"]
        assert found[0].engine.resolution.reason == "CONTAINERS=oneflow-0.9.0-cpu"
    else:
        with pytest.raises(InfrastructureError, match="CONTAINERS=torch-2-cpu: no Docker Engine answers"):
            resolve_places(["torch-2-cpu"], None, None, 2, strict=False)


@pytest.mark.parametrize(
    ("names", "engine_name", "device", "message"),
    [
        (["torch-2"], None, None, "unknown container 'torch-2'"),
        (["torch-2-cpu"], "oneflow", None, "CONTAINERS=torch-2-cpu runs torch, not ENGINE=oneflow: leave ENGINE out"),
        (["torch-2-cpu"], None, "cuda", "runs cpu, not DEVICE=cuda"),
        (["local", "local"], None, None, "each once"),
        ([], None, None, "at least one"),
    ],
)
def test_contradictions_are_one_message(
    names: list[str], engine_name: str | None, device: str | None, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        resolve_places(names, engine_name, device, 2, strict=False)


def test_a_cuda_container_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "presence", lambda: HERE)
    monkeypatch.setattr("harness.resolve.engine.visible_gpus", lambda: ())
    with pytest.raises(InfrastructureError, match="DEVICE=cuda, but no CUDA device is visible"):
        resolve_places(["torch-2-cu13"], None, None, 2, strict=False)
