"""Which engine runs where: OneFlow on a GPU that its build has code for, torch elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import InfrastructureError, UsageError
from harness.resolve import Resolution
from harness.resolve.device import Gpu, core_count, cpu, visible_gpus

ENGINES = ("oneflow", "torch")
DEVICES = ("cpu", "cuda")


@dataclass(frozen=True)
class CudaBuild:
    """What the CUDA build that an engine's lock installs can run on.

    `capability`: compute capabilities its binaries serve, lowest and highest (None: it carries PTX for later ones).
    `cuda`: the oldest CUDA version that the GPU's driver has to serve.
    """

    label: str
    capability: tuple[tuple[int, int], tuple[int, int] | None]
    cuda: tuple[int, int]

    def objection(self, gpu: Gpu) -> str | None:
        """Why this build does not run on `gpu`, or None when it does."""
        lowest, highest = self.capability
        if gpu.compute_capability < lowest or (highest is not None and gpu.compute_capability > highest):
            return f"{self.label} has no code for {gpu.architecture} ({gpu.name})"
        if gpu.cuda_driver < self.cuda:
            served, wanted = (f"{major}.{minor}" for major, minor in (gpu.cuda_driver, self.cuda))
            return f"{self.label} needs a driver for CUDA {wanted}; driver {gpu.driver} serves CUDA {served}"
        return None


CUDA_BUILDS = {
    # Binaries for sm_60 to sm_86 and no PTX (read from the wheel's fatbin headers); 8.9 runs sm_86 code. CUDA 11.7 runs
    # on any driver for 11.x by minor-version compatibility.
    "oneflow": CudaBuild("OneFlow 0.9.0", ((6, 0), (8, 9)), (11, 0)),
    # CUDA 13.0, which dropped what is older than Turing.
    "torch": CudaBuild("PyTorch 2.13.0", ((7, 5), None), (13, 0)),
}


@dataclass(frozen=True)
class EngineChoice:
    """An engine with its device. `threads` are the CPU threads it may use, `gpu_uuid` names the GPU where it uses one."""

    engine: str
    device: str
    device_name: str
    threads: int
    resolution: Resolution
    gpu_uuid: str | None = None


def resolve_engines(requested: str | None, device: str | None, threads: int | None) -> list[EngineChoice]:
    """One choice, or two for "both". Raises UsageError for unknown names, InfrastructureError for a missing device."""
    if requested not in (None, "both", *ENGINES):
        raise UsageError(f"ENGINE={requested} is none of {', '.join(ENGINES)}, both")
    if device not in (None, *DEVICES):
        raise UsageError(f"DEVICE={device} is none of {', '.join(DEVICES)}")
    if threads is not None and threads < 1:
        raise UsageError(f"THREADS={threads}: at least one is needed")
    gpus = () if device == "cpu" else visible_gpus()
    return choose(requested, device, threads or core_count(), gpus)


def choose(requested: str | None, device: str | None, threads: int, gpus: Sequence[Gpu]) -> list[EngineChoice]:
    """The rule behind `resolve_engines`, on given GPUs: the first is the one a run uses."""
    gpu = gpus[0] if gpus else None
    if device == "cuda" and gpu is None:
        raise InfrastructureError(
            "DEVICE=cuda, but no CUDA device is visible: check `nvidia-smi` and CUDA_VISIBLE_DEVICES, or use DEVICE=cpu"
        )
    if requested is None:
        engine, why = _default_engine(gpu)
        return [_place(engine, device, threads, gpu, why)]
    engines = ENGINES if requested == "both" else (requested,)
    return [_place(engine, device, threads, gpu, f"ENGINE={requested}") for engine in engines]


def _default_engine(gpu: Gpu | None) -> tuple[str, str]:
    if gpu is None:
        return "torch", "on a CPU OneFlow's kernels are several times slower"
    objection = CUDA_BUILDS["oneflow"].objection(gpu)
    if objection is None:
        return "oneflow", f"OneFlow 0.9.0 has code for {gpu.architecture}"
    return "torch", objection


def _place(engine: str, device: str | None, threads: int, gpu: Gpu | None, why: str) -> EngineChoice:
    objection = None if gpu is None else CUDA_BUILDS[engine].objection(gpu)
    if device == "cuda" and objection is not None:
        raise InfrastructureError(f"DEVICE=cuda with {engine}: {objection}; choose another ENGINE, or DEVICE=cpu")
    on_gpu = gpu is not None and objection is None
    if on_gpu:
        assert gpu is not None
        name = gpu.name
    else:
        name = f"{cpu().name} ({threads} thread{'s' if threads != 1 else ''})"
        if device == "cpu":
            why += "; DEVICE=cpu"
        elif objection is None:
            why += "; no CUDA device is visible"
        elif objection not in why:
            why += f"; {objection}"
    place = "cuda" if on_gpu else "cpu"
    resolution = Resolution("engine", f"{engine} on {name}", why, fallback=False)
    return EngineChoice(engine, place, name, threads, resolution, gpu.uuid if on_gpu and gpu is not None else None)
