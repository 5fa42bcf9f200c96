from __future__ import annotations

import pytest

from harness.errors import ExitCode, InfrastructureError, UsageError
from harness.resolve.device import Gpu, core_count
from harness.resolve.engine import choose, resolve_engines


def gpu(name: str, capability: tuple[int, int], cuda_driver: tuple[int, int] = (13, 0)) -> Gpu:
    return Gpu(0, name, capability, 80 << 30, "580.65", cuda_driver)


P100, V100, T4, A100 = gpu("P100", (6, 0)), gpu("V100", (7, 0)), gpu("T4", (7, 5)), gpu("A100", (8, 0))
L4, H100, B200 = gpu("L4", (8, 9)), gpu("H100", (9, 0)), gpu("B200", (10, 0))
K80 = gpu("K80", (3, 7), (11, 4))


@pytest.mark.parametrize(
    ("device", "expected"),
    [
        (None, ("torch", "cpu")),
        (K80, ("torch", "cpu")),
        (P100, ("oneflow", "cuda")),
        (V100, ("oneflow", "cuda")),
        (T4, ("oneflow", "cuda")),
        (A100, ("oneflow", "cuda")),
        (L4, ("oneflow", "cuda")),
        (H100, ("torch", "cuda")),
        (B200, ("torch", "cuda")),
        (gpu("old driver", (8, 0), (10, 2)), ("torch", "cpu")),
        (gpu("H100, old driver", (9, 0), (12, 2)), ("torch", "cpu")),
    ],
    ids=lambda value: value.name if isinstance(value, Gpu) else "",
)
def test_default(device: Gpu | None, expected: tuple[str, str]) -> None:
    (choice,) = choose(None, None, 2, [device] if device else [])
    assert (choice.engine, choice.device) == expected
    assert choice.resolution.choice.startswith(choice.engine)


def test_reasons_name_their_cause() -> None:
    assert "no code for sm_90 (H100)" in choose(None, None, 2, [H100])[0].resolution.reason
    assert "has code for sm_80" in choose(None, None, 2, [A100])[0].resolution.reason
    assert "several times slower" in choose(None, None, 2, [])[0].resolution.reason
    old = gpu("H100", (9, 0), (12, 2))
    assert (
        "needs a driver for CUDA 13.0; driver 580.65 serves CUDA 12.2"
        in choose("torch", None, 2, [old])[0].resolution.reason
    )


def test_both_engines_each_where_it_can() -> None:
    assert [(each.engine, each.device) for each in choose("both", None, 2, [H100])] == [
        ("oneflow", "cpu"),
        ("torch", "cuda"),
    ]
    assert [(each.engine, each.device) for each in choose("both", None, 2, [P100])] == [
        ("oneflow", "cuda"),
        ("torch", "cpu"),
    ]


def test_the_device_that_was_asked_for_or_an_error() -> None:
    assert choose("oneflow", "cpu", 2, [])[0].device == "cpu"
    for engine, gpus, match in (
        (None, [], "no CUDA device is visible"),
        ("oneflow", [H100], "no code for sm_90"),
        ("both", [H100], "no code for sm_90"),
    ):
        with pytest.raises(InfrastructureError, match=match) as caught:
            choose(engine, "cuda", 2, gpus)
        assert caught.value.exit_code == ExitCode.INFRASTRUCTURE


def test_names_and_threads_are_checked() -> None:
    for arguments in (("tensorflow", None, None), (None, "tpu", None), (None, "cpu", 0)):
        with pytest.raises(UsageError):
            resolve_engines(*arguments)


def test_threads_default_to_the_cores_that_may_be_used() -> None:
    (choice,) = resolve_engines("torch", "cpu", None)
    assert choice.threads == core_count()
    (choice,) = resolve_engines("torch", "cpu", 1)
    assert choice.threads == 1
    assert choice.device_name.endswith("(1 thread)")
