"""From what the user asked for to what will run: suite, profile, data, weights, engines, and the planned cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.container.build import Built, ensure, known
from harness.container.docker_engine import connect
from harness.container.recipe import official_base, recipe
from harness.errors import HarnessError, UsageError
from harness.keys import Conditions
from harness.paths import REQUIREMENTS, cache_dir
from harness.plan import CellPlan, Inputs, Source, plan_cells
from harness.request import Request
from harness.resolve import Resolution
from harness.resolve.augmentation import resolve_augmentation
from harness.resolve.data import DataChoice, resolve_data
from harness.resolve.download import Progress
from harness.resolve.environment import Report, lock_sha256
from harness.resolve.found import Found
from harness.resolve.place import Place, resolve_places
from harness.resolve.weights import WeightsChoice, resolve_weights
from harness.stages import NO_AUGMENTATION
from harness.suite import Profile, Suite, find_suite, load_suite


@dataclass(frozen=True)
class Job:
    """A request resolved and planned. `resolutions` is everything that was decided, in the order to show.

    `settings` says, for each of `cells` in the same order, where it runs.
    """

    suite: Suite
    profile: Profile
    data: DataChoice
    teacher: WeightsChoice
    resolutions: tuple[Resolution, ...]
    cells: tuple[CellPlan, ...]
    settings: tuple[Setting, ...]


@dataclass(frozen=True)
class Setting:
    """A place, made ready: `built` is its image, None outside a container and where a plan builds nothing."""

    place: Place
    built: Built | None


def resolve(request: Request, progress: Progress, build: Report | None) -> Job:
    """`progress` is told of downloads, `build` of images that are built; without it, for a plan, none is.

    Raises UsageError for what the user must change, `strict` also where it would fall back.
    """
    suite = _suite(request)
    places = resolve_places(request.containers, request.engine, request.device, request.threads, request.strict)
    profile, chosen_profile = _profile(suite, request.profile, places)
    cache = cache_dir()
    data = resolve_data(suite.task, request.data_root, cache, request.strict, progress)
    teacher = resolve_weights(request.teacher, profile.teacher_weights, cache, request.strict)
    profile, student, chosen_start = _start(profile, cache, request.strict)
    prepared = [_setting(place, request.strict, build) for place in places]
    augments = tuple(mode for mode in request.augmentations if mode != NO_AUGMENTATION)
    extra = resolve_augmentation(
        augments, "augment" in profile.stages, request.glove, request.corpus, cache, request.strict
    )
    matrix = [(setting, seed, mode) for setting in prepared for seed in request.seeds for mode in request.augmentations]
    inputs = Inputs(
        data=None if data.own is None else _source(data.own),
        diagnostic=None if data.diagnostic is None else _source(data.diagnostic),
        teacher=Source(teacher.path, teacher.sha256),
        student=None if student is None else Source(student.path, student.sha256),
        vectors=None if extra.vectors is None else Source(*extra.vectors),
        corpus=None if extra.corpus is None else Source(*extra.corpus),
    )
    resolutions = (
        data.resolution,
        teacher.resolution,
        chosen_start,
        *extra.resolutions,
        *(each for setting in prepared for each in _decisions(setting)),
        chosen_profile,
    )
    planned = [(_conditions(setting, seed), mode) for setting, seed, mode in matrix]
    cells = plan_cells(suite.task, profile, inputs, planned, request.runs.resolve())
    return Job(suite, profile, data, teacher, resolutions, cells, tuple(setting for setting, _, _ in matrix))


def _source(found: Found) -> Source:
    return Source(found.path, found.content_hash)


def _setting(place: Place, strict: bool, build: Report | None) -> Setting:
    """The place with its image, which is built first where it is not there and `build` allows it."""
    if place.image is None:
        return Setting(place, None)
    client = connect()
    try:
        return Setting(
            place, known(client, place.image) if build is None else ensure(client, place.image, strict, build)
        )
    finally:
        client.close()


def _conditions(setting: Setting, seed: int) -> Conditions:
    """In a plan, an image that is not built yet counts as built on its official base."""
    engine, image = setting.place.engine, setting.place.image
    if image is None:
        environment = lock_sha256(REQUIREMENTS / f"{engine.engine}.txt")
    else:
        environment = (setting.built.recipe if setting.built else recipe(image, official_base(image))).environment
    return Conditions(
        engine=engine.engine,
        environment=environment,
        device=engine.device,
        device_name=engine.device_name,
        threads=engine.threads,
        seed=seed,
        container=None if image is None else image.name,
    )


def _decisions(setting: Setting) -> list[Resolution]:
    """What to show of a place: its engine, its container, and a base that only stands in."""
    place, built = setting.place, setting.built
    shown = place.resolution
    if place.image is not None:
        shown = replace(shown, choice=built.recipe.tag if built else f"{shown.choice}, to be built first")
    found = [place.engine.resolution, shown]
    if built is not None and built.recipe.base.is_local:
        why = f"{built.recipe.image.base} was not to be had when the image was built"
        found.append(Resolution("base image", built.recipe.base.reference, why, fallback=True))
    return found


def _suite(request: Request) -> Suite:
    if request.suite is not None:
        return load_suite(request.suite)
    if request.task is None:
        raise UsageError(
            "name a task: make bench TASK=SST-2, or tinybench run --task SST-2 (`tinybench list` shows them)"
        )
    return find_suite(request.task)


def _profile(suite: Suite, requested: str | None, places: Sequence[Place]) -> tuple[Profile, Resolution]:
    """By default quick without a CUDA device and full with one; a suite without these names, its first."""
    if requested is not None:
        name, reason = requested, "asked for"
    else:
        on_gpu = any(each.engine.device != "cpu" for each in places)
        name, reason = ("full", "a CUDA device is used") if on_gpu else ("quick", "no CUDA device is used")
        if name not in suite.profiles:
            name, reason = next(iter(suite.profiles)), "the suite's first"
    profile = suite.profile(name)
    return profile, Resolution("profile", name, f"{reason}: {profile.summary}", False)


def _start(profile: Profile, cache: Path, strict: bool) -> tuple[Profile, WeightsChoice | None, Resolution]:
    """The student's start. Without the weights of a general TinyBERT it falls back to the teacher's, projected."""
    if "distill" not in profile.stages:
        names = ", ".join(model["name"] for model in profile.stages.get("measure", {}).get("models") or []) or "none"
        reason = "nothing is trained: sizes and times follow from the shapes"
        return profile, None, Resolution("models", f"{names}, with random weights", reason, False)
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
