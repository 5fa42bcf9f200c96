"""Every reason is found where it is, alone, and a clean measurement has none."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tinybert.measuring import limits, reasons, validity

# The contract of the report, written out: a new code or another status is a decision.
CLOSED = {
    "foreign-process": ("invalid", True),
    "throttled": ("invalid", True),
    "synchronization": ("invalid", False),
    "predictions-differ": ("invalid", False),
    "impossible-flops": ("invalid", False),
    "not-growing-with-batch": ("invalid", False),
    "too-few-calls": ("invalid", False),
    "load": ("unstable", True),
    "drift": ("unstable", True),
    "rounds-disagree": ("unstable", True),
    "not-warm": ("unstable", True),
    "outliers": ("unstable", True),
}
LIMITS = limits.limits_for("cpu", rounds=3, min_calls=100)
FACTS = validity.Facts(
    synchronized=True, differing_predictions=0, gflop_per_s=180.0, peak_gflop_per_s=200.0, smaller_batch_median=1.0
)
QUIET = validity.Observed(
    foreign_cores=0.03,
    foreign_name="a shell",
    stolen_share=0.0,
    busy_before_share=0.04,
    clock_mhz_lowest=2900.0,
    clock_mhz_reference=3000.0,
)


def clean(
    levels: tuple[float, ...] = (10.0, 10.1, 9.95), observed: validity.Observed = QUIET, calls: int = 120
) -> list[validity.Round]:
    rng = np.random.default_rng(0)
    return [validity.Round((level * rng.lognormal(0, 0.01, calls)).tolist(), observed=observed) for level in levels]


def disturbed(**changes: Any) -> list[validity.Round]:
    """Clean rounds, the second of them with another observation."""
    first, second, third = clean()
    return [first, replace(second, observed=replace(QUIET, **changes)), third]


def with_slow_calls(count: int) -> list[validity.Round]:
    first, second, third = clean()
    return [
        first,
        replace(second, samples=[3 * call for call in second.samples[:count]] + list(second.samples[count:])),
        third,
    ]


def codes(timing: validity.Timing) -> list[str]:
    return [reason.code for reason in timing.reasons]


def test_the_list_of_reasons_is_closed() -> None:
    assert {code: (kind.status, kind.transient) for code, kind in reasons.REASONS.items()} == CLOSED
    assert all(kind.meaning.endswith(".") for kind in reasons.REASONS.values())
    with pytest.raises(ValueError, match="unknown reason 'bad-luck'"):
        reasons.Reason("bad-luck", "a comet")


def test_a_clean_measurement_is_valid() -> None:
    timing = validity.judge(clean(), LIMITS, FACTS, "ms")
    assert (timing.status, timing.reasons) == ("valid", ())
    assert not validity.needs_retry(timing)
    assert timing.interval[0] < timing.median < timing.interval[1]


def test_what_cannot_be_observed_is_not_held_against_a_timing() -> None:
    assert (
        validity.judge(clean(observed=validity.Observed()), LIMITS, validity.Facts(synchronized=True), "ms").status
        == "valid"
    )


@pytest.mark.parametrize(
    ("changes", "code", "detail"),
    [
        ({"foreign_cores": 0.8, "foreign_name": "cc1plus"}, "foreign-process", "round 2: cc1plus kept 0.80 cores busy"),
        (
            {"foreign_cores": 0.8, "foreign_name": ""},
            "foreign-process",
            "round 2: other processes kept 0.80 cores busy",
        ),
        ({"foreign_gpu_processes": ("python 4711",)}, "foreign-process", "round 2: python 4711 on the GPU"),
        ({"clock_mhz_lowest": 2200.0}, "throttled", "round 2: clock at 2200 MHz, below 75% of 3000 MHz"),
        ({"throttle_reasons": ("thermal", "power")}, "throttled", "round 2: thermal, power"),
        ({"cgroup_throttled_s": 1.25}, "throttled", "round 2: stopped for 1.25 s by its CPU quota"),
        ({"busy_before_share": 0.5}, "load", "round 2: 50% of the cores' time used before it began"),
        ({"stolen_share": 0.08}, "load", "round 2: 8.0% of the cores' time taken by the hypervisor"),
    ],
)
def test_a_disturbed_machine_is_told_and_worth_a_retry(changes: dict[str, Any], code: str, detail: str) -> None:
    timing = validity.judge(disturbed(**changes), LIMITS, FACTS, "ms")
    assert timing.reasons == (reasons.Reason(code, detail),)
    assert timing.status == CLOSED[code][0]
    assert validity.needs_retry(timing)
    assert not validity.needs_retry(replace(timing, attempts=2))


@pytest.mark.parametrize(
    "changes",
    [{"foreign_cores": 0.1}, {"clock_mhz_lowest": 2250.0}, {"busy_before_share": 0.25}, {"stolen_share": 0.02}],
)
def test_at_its_limit_a_machine_is_still_quiet(changes: dict[str, Any]) -> None:
    assert validity.judge(disturbed(**changes), LIMITS, FACTS, "ms").status == "valid"


@pytest.mark.parametrize(
    ("rounds", "code", "detail"),
    [
        (clean((9.6, 10.0, 10.4)), "drift", "round medians grow from 9.6"),
        (clean((10.4, 10.0, 9.6)), "drift", "round medians fall from 10.4"),
        (clean((10.0, 11.2, 10.1)), "rounds-disagree", r"vary by 6\.\d%, more than 5%"),
        (with_slow_calls(30), "outliers", "30 of 360 calls"),
        ([replace(clean()[0], warmed_up=False), *clean()[1:]], "not-warm", "round 1: "),
    ],
)
def test_unsteady_times_are_unstable_and_worth_a_retry(rounds: list[validity.Round], code: str, detail: str) -> None:
    timing = validity.judge(rounds, LIMITS, FACTS, "ms")
    assert codes(timing) == [code]
    assert re.search(detail, timing.reasons[0].detail)
    assert timing.status == "unstable"
    assert validity.needs_retry(timing)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"synchronized": False}, "synchronization"),
        ({"differing_predictions": 1}, "predictions-differ"),
        ({"gflop_per_s": 221.0}, "impossible-flops"),
        ({"smaller_batch_median": 10.5}, "not-growing-with-batch"),
    ],
)
def test_what_another_attempt_cannot_cure_is_not_retried(changes: dict[str, Any], code: str) -> None:
    timing = validity.judge(clean(), LIMITS, replace(FACTS, **changes), "ms")
    assert (codes(timing), timing.status) == ([code], "invalid")
    assert not validity.needs_retry(timing)


def test_too_few_calls_or_rounds_are_invalid() -> None:
    few = [replace(clean()[0], samples=clean()[0].samples[:99]), *clean()[1:]]
    timing = validity.judge(few, LIMITS, FACTS, "ms")
    assert timing.reasons == (reasons.Reason("too-few-calls", "round 1: 99 calls of 100"),)
    timing = validity.judge(clean((10.0, 10.1)), LIMITS, FACTS, "ms")
    assert timing.reasons == (reasons.Reason("too-few-calls", "2 rounds of 3"),)
    assert timing.status == "invalid"
    assert not validity.needs_retry(timing)


def test_a_few_slow_calls_are_counted_and_kept() -> None:
    timing = validity.judge(with_slow_calls(18), LIMITS, FACTS, "ms")
    assert (timing.status, timing.outliers, timing.calls) == ("valid", 18, 360)


def test_calls_of_longer_batches_are_no_outliers() -> None:
    used = (np.arange(120) % 28).tolist()
    length = np.linspace(1, 40, 28)[used]
    rounds = [replace(round_, samples=(length * round_.samples).tolist(), batches=used) for round_ in clean()]
    timing = validity.judge(rounds, LIMITS, FACTS, "ms")
    assert (timing.status, timing.outliers) == ("valid", 0)
    with pytest.raises(ValueError, match="some rounds name their batches"):
        validity.judge([replace(rounds[0], batches=None), *rounds[1:]], LIMITS, FACTS, "ms")


def test_several_reasons_stand_together_the_worst_first() -> None:
    rounds = [replace(round_, warmed_up=False) for round_ in disturbed(foreign_cores=1.0, stolen_share=0.5)]
    timing = validity.judge(rounds, LIMITS, FACTS, "ms")
    assert codes(timing) == ["foreign-process", "load", "not-warm"]
    assert timing.status == "invalid"
    assert timing.reasons[2].detail.count("round ") == 3
    assert validity.needs_retry(timing)
    assert not validity.needs_retry(validity.judge(rounds, LIMITS, replace(FACTS, synchronized=False), "ms"))


def test_a_gpu_is_held_closer_but_may_be_bound_by_its_host() -> None:
    held_to = limits.limits_for("cuda", rounds=3, min_calls=100)
    assert codes(validity.judge(clean((10.0, 10.5, 10.1)), held_to, FACTS, "ms")) == ["rounds-disagree"]
    assert codes(validity.judge(clean((10.0, 10.5, 10.1)), LIMITS, FACTS, "ms")) == []
    assert codes(validity.judge(clean(), held_to, replace(FACTS, smaller_batch_median=10.05), "ms")) == []
    assert codes(validity.judge(clean(), held_to, replace(FACTS, smaller_batch_median=10.5), "ms")) == [
        "not-growing-with-batch"
    ]


def test_noise_at_half_the_limit_seldom_looks_like_drift() -> None:
    rng = np.random.default_rng(0)
    limits = replace(LIMITS, min_calls=1)
    noise = [
        validity.judge(
            [validity.Round([median]) for median in rng.lognormal(0, 0.025, 3)], limits, validity.Facts(True), "ms"
        )
        for _ in range(200)
    ]
    assert (
        sum("drift" in codes(timing) for timing in noise) <= 18
    )  # 2.9 % of 300 are 8.7; more than 18 in 1 of 500 seeds


def test_json_has_the_reports_form() -> None:
    timing = validity.judge(disturbed(stolen_share=0.5), LIMITS, FACTS, "ms", attempts=2)
    document = json.loads(json.dumps(timing.as_json(), allow_nan=False))
    assert list(document) == [
        "status", "reasons", "median", "interval", "p90", "p99", "minimum", "variation", "calls", "rounds", "outliers",
        "round_medians", "attempts", "detectable_change",
    ]  # fmt: skip
    assert document["reasons"][0]["code"] == "load"
    assert set(document["reasons"][0]) == {"code", "detail"}
    assert document["interval"] == list(timing.interval)
    assert len(document["round_medians"]) == 3
    assert document["p90"] > document["median"] > document["minimum"]
    assert document["p99"] is None  # 360 calls
    assert document["attempts"] == 2


def test_one_pass_a_round_is_a_timing_too() -> None:
    held_to = limits.limits_for("cpu", rounds=3, min_calls=1)
    timing = validity.judge(
        [validity.Round([seconds]) for seconds in (4.0, 4.1, 4.05)], held_to, validity.Facts(True), "s"
    )
    assert (timing.status, timing.median, timing.p90) == ("valid", 4.05, None)
    alone = validity.judge([validity.Round([4.0])], replace(held_to, rounds=1), validity.Facts(True), "s").as_json()
    assert (alone["variation"], alone["detectable_change"], alone["interval"]) == (None, None, [4.0, 4.0])
