"""From what the user asked for to what will run: suite, profile, data, weights, engines, and the planned cells."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import HarnessError, UsageError
from harness.keys import Conditions
from harness.paths import REQUIREMENTS, RUNS, cache_dir
from harness.plan import CellPlan, Inputs, Source, plan_cells
from harness.resolve import Resolution
from harness.resolve.data import DataChoice, resolve_data
from harness.resolve.download import Progress
from harness.resolve.engine import EngineChoice, resolve_engines
from harness.resolve.environment import lock_sha256
from harness.resolve.weights import WeightsChoice, resolve_weights
from harness.suite import Profile, Suite, find_suite, load_suite

SEED = 1


@dataclass(frozen=True)
class Request:
    """The command's options as given; None is the option left out. Either `task` or `suite` is given."""

    task: str | None = None
    suite: Path | None = None
    profile: str | None = None
    engine: str | None = None
    device: str | None = None
    seed: int = SEED
    data_root: Path | None = None
    teacher: str | None = None
    runs: Path = RUNS
    strict: bool = False
    threads: int | None = None
    stage_timeout_s: float | None = None

    def command(self) -> str:
        """The `make bench` that asks for the same."""
        variables = {
            "TASK": self.task,
            "SUITE": self.suite,
            "PROFILE": self.profile,
            "ENGINE": self.engine,
            "DEVICE": self.device,
            "SEED": None if self.seed == SEED else self.seed,
            "DATA_ROOT": self.data_root,
            "TEACHER": self.teacher,
            "RUNS": None if self.runs == RUNS else self.runs,
            "STRICT": 1 if self.strict else None,
            "THREADS": self.threads,
        }
        given = [f"{name}={shlex.quote(str(value))}" for name, value in variables.items() if value is not None]
        return " ".join(["make bench", *given])


@dataclass(frozen=True)
class Job:
    """A request resolved and planned. `resolutions` is everything that was decided, in the order to show."""

    suite: Suite
    profile: Profile
    data: DataChoice
    teacher: WeightsChoice
    resolutions: tuple[Resolution, ...]
    cells: tuple[CellPlan, ...]


def resolve(request: Request, progress: Progress) -> Job:
    """`progress` is told of downloads. Raises UsageError for what the user must change, `strict` also where it would fall back."""
    suite = _suite(request)
    engines = resolve_engines(request.engine, request.device, request.threads)
    profile, chosen_profile = _profile(suite, request.profile, engines)
    cache = cache_dir()
    data = resolve_data(suite.task, request.data_root, cache, request.strict, progress)
    teacher = resolve_weights(request.teacher, profile.teacher_weights, cache, request.strict)
    profile, student, chosen_start = _start(profile, cache, request.strict)
    conditions = [
        Conditions(
            engine=each.engine,
            lock_sha256=lock_sha256(REQUIREMENTS / f"{each.engine}.txt"),
            device=each.device,
            device_name=each.device_name,
            threads=each.threads,
            seed=request.seed,
        )
        for each in engines
    ]
    inputs = Inputs(
        data=None if data.path is None else Source(data.path, data.content_hash),
        teacher=Source(teacher.path, teacher.sha256),
        student=None if student is None else Source(student.path, student.sha256),
    )
    resolutions = (
        data.resolution,
        teacher.resolution,
        chosen_start,
        *(each.resolution for each in engines),
        chosen_profile,
    )
    cells = plan_cells(suite.task, profile, inputs, conditions, request.runs.resolve())
    return Job(suite, profile, data, teacher, resolutions, cells)


def _suite(request: Request) -> Suite:
    if request.suite is not None:
        return load_suite(request.suite)
    if request.task is None:
        raise UsageError(
            "name a task: make bench TASK=SST-2, or tinybench run --task SST-2 (`tinybench list` shows them)"
        )
    return find_suite(request.task)


def _profile(suite: Suite, requested: str | None, engines: Sequence[EngineChoice]) -> tuple[Profile, Resolution]:
    """By default quick without a CUDA device and full with one; a suite without these names, its first."""
    if requested is not None:
        name, reason = requested, "asked for"
    else:
        on_gpu = any(each.device != "cpu" for each in engines)
        name, reason = ("full", "a CUDA device is used") if on_gpu else ("quick", "no CUDA device is used")
        if name not in suite.profiles:
            name, reason = next(iter(suite.profiles)), "the suite's first"
    profile = suite.profile(name)
    return profile, Resolution("profile", name, f"{reason}: {profile.summary}", False)


def _start(profile: Profile, cache: Path, strict: bool) -> tuple[Profile, WeightsChoice | None, Resolution]:
    """The student's start. Without the weights of a general TinyBERT it falls back to the teacher's, projected."""
    start = profile.stages["distill"]["start"]
    if profile.student_weights is None:
        return profile, None, Resolution("student start", start, f"chosen by the profile {profile.name}", False)
    try:
        weights = resolve_weights(profile.student_weights, profile.student_weights, cache, strict, "student weights")
    except HarnessError as error:
        if strict:
            raise UsageError(
                f"the student's start cannot be had, and STRICT=1 allows no other: {error.message}"
            ) from error
        stages = {**profile.stages, "distill": {**profile.stages["distill"], "start": "projected"}}
        return replace(profile, stages=stages), None, Resolution("student start", "projected", error.message, True)
    return (
        profile,
        weights,
        Resolution("student start", f"{start} ({weights.name})", f"chosen by the profile {profile.name}", False),
    )
