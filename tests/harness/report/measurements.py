"""What the stage `measure` writes, made up but consistent: medians lie between their rounds, ratios are those of the medians."""

from __future__ import annotations

import statistics
from typing import Any

Json = dict[str, Any]

BERT_BASE = {"layers": 12, "hidden_size": 768, "heads": 12, "intermediate_size": 3072}
TINYBERT = {"layers": 4, "hidden_size": 312, "heads": 12, "intermediate_size": 1200}
TINYBERT_6L = {"layers": 6, "hidden_size": 768, "heads": 12, "intermediate_size": 3072}
VOCABULARY, POSITIONS, SEGMENTS = 30522, 512, 2
# Matrix products of one float32 row of 128 tokens would take about this many milliseconds a GFLOP.
MS_PER_GFLOP = {"float32": 5.2, "bfloat16": 2.9}
PEAKS = {"float32": 208.0, "bfloat16": 402.0}


def parameters(shape: Json, labels: int = 2) -> dict[str, int]:
    """BERT's parts (Devlin et al. 2019), counted from the shape: two LayerNorm vectors each, biases everywhere."""
    d, ff = shape["hidden_size"], shape["intermediate_size"]
    embeddings = (VOCABULARY + POSITIONS + SEGMENTS) * d + 2 * d
    layers = shape["layers"] * (4 * (d * d + d) + 2 * d + (d * ff + ff) + (ff * d + d) + 2 * d)
    pooler, head = d * d + d, labels * (d + 1)
    encoder = embeddings + layers + pooler
    return {
        "embeddings": embeddings,
        "layers": layers,
        "pooler": pooler,
        "encoder": encoder,
        "head": head,
        "projection": 0,
        "serving": encoder + head,
    }


def timing(rounds: list[float], calls: int = 300, **changes: Any) -> Json:
    """A valid timing around the medians of its rounds."""
    median = statistics.median(rounds)
    variation = statistics.stdev(rounds) / statistics.mean(rounds)
    made: Json = {
        "status": "valid",
        "reasons": [],
        "median": median,
        "interval": [0.995 * min(rounds), 1.005 * max(rounds)],
        "p90": 1.03 * median if calls >= 64 else None,
        "p99": 1.08 * median if calls >= 662 else None,
        "minimum": 0.98 * min(rounds),
        "variation": variation,
        "calls": calls,
        "rounds": len(rounds),
        "outliers": calls // 150,
        "round_medians": rounds,
        "attempts": 1,
        "detectable_change": 3.5 * variation,
    }
    return made | changes


UNSTABLE: Json = {
    "status": "unstable",
    "reasons": [{"code": "rounds-disagree", "detail": "round medians from 9.1 to 11.8 ms vary by 13.1%, more than 5%"}],
    "attempts": 2,
}
INVALID: Json = {
    "status": "invalid",
    "reasons": [
        {"code": "predictions-differ", "detail": "31 rows are predicted differently"},
        {"code": "foreign-process", "detail": "round 2: cc1plus kept 0.97 cores busy"},
    ],
}


def measure(
    rows: int,
    models: Json,
    passes: dict[str, tuple[float, ...]],
    cells: tuple[tuple[str, str, int, int | str], ...],
    random_weights: bool = False,
    on_gpu: bool = False,
    labels: int = 2,
) -> tuple[Json, Json, Json]:
    """`models`: name -> (role, shape); `passes`: name -> first pass, then the rounds; `cells`: runtime, precision, batch size, length.

    Peers run the last model alone.
    """
    teacher = next(name for name, (role, _) in models.items() if role == "teacher")
    student = next(name for name, (role, _) in models.items() if role == "student")
    found = {name: _model(role, shape, passes[name], labels) for name, (role, shape) in models.items()}
    if not random_weights:
        width, to_width = found[student]["shape"]["hidden_size"], found[teacher]["shape"]["hidden_size"]
        found[student]["parameters"]["projection"] = width * to_width + to_width
    forward = [
        _forward(name, found[name]["shape"], *cell)
        for name in models
        for cell in cells
        if cell[0] == "engine" or name == student
    ]
    rounds = len(passes[teacher]) - 1
    order = [[f"{name} engine float32" for name in (models if n % 2 else reversed(models))] for n in range(rounds)]
    subjects = {(each["model"], each["runtime"], each["precision"]): each for each in forward}
    details = {
        "protocol": {
            "rows": rows,
            "batch_size": 32,
            "padded_length": 128,
            "loader": "OFRecord file read and decoded inside the clock",
            "rounds": rounds,
            "passes_per_round": 1,
            "order": order,
            "forward": {"warmup": {"calls": 10, "seconds": 2, "limit_s": 30}, "round": {"calls": 100, "seconds": 10}},
            "synchronization": {"proved": True, "unsynchronised_ms": 0.4, "synchronised_ms": 35.0},
            "clocks": "floating",
        },
        "models": found,
        "forward": forward,
        "absent": [
            {"what": f"{student} engine int8", "why": "this engine has no int8 kernels"},
            {"what": "energy", "why": "RAPL counters are not readable without root"},
            {"what": "device memory", "why": "the device is a CPU, its memory is the host's"},
            {"what": "thermal throttling", "why": "the kernel has no throttle counters here"},
        ],
        "subjects": [_subject(*key, found[key[0]], random_weights) for key in subjects],
        "peaks": {
            precision: {
                "gflop_per_s": peak,
                "how": "4096 x 4096 x 4096 product by the engine's linear layer, fastest of 5",
            }
            for precision, peak in PEAKS.items()
        },
        "readings": {
            "samples": 900,
            "clock_mhz": [2250.0, 2445.0, 2450.0],
            "power_w": None,
            "temperature_c": None,
            "foreign_cores": [0.0, 0.01, 0.06],
            "throttle": [],
            "governors": [],
            "swapped_in_pages": 0,
        },
    }
    if on_gpu:
        _on_gpu(details)
    compare(details)
    medians = {name: found[name]["dataset_pass"]["median"] for name in (teacher, student)}
    metrics = {
        "teacher_parameters": found[teacher]["parameters"]["encoder"],
        "student_parameters": found[student]["parameters"]["encoder"],
        "teacher_dataset_pass_s": medians[teacher],
        "student_dataset_pass_s": medians[student],
        "speedup": medians[teacher] / medians[student],
    }
    return metrics, {}, details


def _on_gpu(details: Json) -> None:
    """What NVML tells and a bare CPU does not."""
    details["absent"] = [
        each for each in details["absent"] if each["what"] not in ("energy", "device memory", "thermal throttling")
    ]
    for each in details["forward"]:
        each["energy_j_per_row"] = 0.00021 * each["gflop_per_call"] / each["batch_size"] * 1000
    for each in details["subjects"]:
        each["device_peak_bytes"] = 3 * each["host_before_bytes"]
    details["protocol"]["clocks"] = "locked"
    details["readings"] |= {"power_w": [61.0, 204.0, 247.0], "temperature_c": [41.0, 66.0, 71.0]}


def compare(details: Json) -> None:
    """Fill in every ratio of two valid timings; to be called again after a timing has lost its validity."""
    models, forward = details["models"], details["forward"]
    roles = {model["role"]: name for name, model in models.items()}
    teacher, student = roles["teacher"], roles["student"]
    details["dataset_pass_speedup"] = _ratio(models[teacher]["dataset_pass"], models[student]["dataset_pass"])
    details["speedups"], details["peers"] = [], []
    by_key = {tuple(each[part] for part in PARTS): each["timing"] for each in forward}
    for key, time in by_key.items():
        model, runtime, *rest = key
        named = dict(zip(PARTS, key, strict=True))
        against = by_key.get((teacher, runtime, *rest))
        if model != teacher and against and (ratio := _ratio(against, time)):
            details["speedups"].append(named | {"against": teacher, "ratio": ratio})
        engine = by_key.get((model, "engine", *rest))
        if runtime != "engine" and engine and (ratio := _ratio(time, engine)):
            details["peers"].append(named | {"ratio": ratio})


PARTS = ("model", "runtime", "precision", "batch_size", "length")


def _ratio(numerator: Json, denominator: Json) -> Json | None:
    if {numerator["status"], denominator["status"]} != {"valid"}:
        return None
    ratio = numerator["median"] / denominator["median"]
    low, high = numerator["interval"], denominator["interval"]
    return {"ratio": ratio, "interval": [low[0] / high[1], low[1] / high[0]]}


def _model(role: str, shape: Json, passes: tuple[float, ...], labels: int) -> Json:
    counted = parameters(shape, labels)
    first, *rounds = passes
    return {
        "role": role,
        "parameters": counted,
        "shape": shape,
        "disk_bytes": 4 * counted["serving"] + 20_000,
        "load_s": [0.41, 0.39, 0.40][: len(rounds)] + [0.40] * (len(rounds) - 3),
        "first_pass_s": [first, 1.01 * first, 0.99 * first][: len(rounds)] + [first] * (len(rounds) - 3),
        "dataset_pass_s": rounds,
        "dataset_pass": timing(rounds, len(rounds)),
    }


def _forward(model: str, shape: Json, runtime: str, precision: str, batch_size: int, length: int | str) -> Json:
    tokens = 25 if length == "real" else int(length)
    layers, d, ff = shape["layers"], shape["hidden_size"], shape["intermediate_size"]
    gflop = batch_size * tokens * layers * (8 * d * d + 4 * d * ff + 4 * tokens * d) / 1e9
    slower = {"engine": 1.0, "transformers": 1.31, "torch.compile": 1.003, "onnxruntime": 0.93}[runtime]
    # A part that no product explains, so that small batches are less efficient.
    ms = (gflop * MS_PER_GFLOP[precision] + 0.35 * layers) * slower
    rounds = [round(ms * factor, 6) for factor in (1.0, 1.006, 0.995)]
    return {
        "model": model,
        "runtime": runtime,
        "precision": precision,
        "batch_size": batch_size,
        "length": length,
        "timing": timing(rounds, 720 if ms < 50 else 300),
        "first_call_ms": [3.1 * ms, 3.0 * ms, 3.3 * ms],
        "rows_per_s": 1000 * batch_size / ms,
        "gflop_per_call": gflop,
        "gflop_per_s": 1000 * gflop / ms,
        "share_of_peak": 1000 * gflop / ms / PEAKS[precision],
        "energy_j_per_row": None,
    }


def _subject(model: str, runtime: str, precision: str, found: Json, random_weights: bool) -> Json:
    before = 182 << 20
    return {
        "model": model,
        "runtime": runtime,
        "precision": precision,
        "load_s": found["load_s"],
        "host_peak_bytes": before + 5 * found["parameters"]["serving"],
        "host_before_bytes": before,
        "device_peak_bytes": None,
        "score": None if random_weights else 0.821,
        "agreement": 1.0 if precision == "float32" else 0.9954,
        "predictions_sha256": "0" * 64,
    }
