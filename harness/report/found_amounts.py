"""What a cell measured of a published size or time."""

from __future__ import annotations

from collections.abc import Callable

from harness.report import figures
from harness.report.claims import Claim
from harness.report.facts import Cell
from harness.report.found import Found, NotFound, not_measured
from harness.report.measured import ENGINE, FLOAT32, Model, Workload
from harness.report.status import why


def find_amount(claim: Claim, cell: Cell) -> Found | NotFound:
    return _FINDERS[claim.quantity](claim, cell)


def _parameters(claim: Claim, cell: Cell) -> Found | NotFound:
    model = _model(cell, claim.role)
    if model is None:
        return not_measured(cell, "measure")
    value = _counted(model, claim, claim.role)
    parts = claim.counted[claim.role]
    sentence = f"Counted as published ({_sum(model, parts)}): {figures.count(value)}."
    if parts != ("encoder",):
        sentence += f" The encoder, which is what serves: {figures.count(model.parameters['encoder'])}."
    return Found(value, None, figures.count(value), sentence)


def _parameter_ratio(claim: Claim, cell: Cell) -> Found | NotFound:
    if cell.teacher is None or cell.student is None:
        return not_measured(cell, "measure")
    value = _counted(cell.teacher, claim, "teacher") / _counted(cell.student, claim, "student")
    serving = cell.teacher.parameters["encoder"] / cell.student.parameters["encoder"]
    sentence = f"Counted as published {figures.ratio(value)}; encoder against encoder, which is what serves, {figures.ratio(serving)}."
    return Found(value, None, figures.ratio(value), sentence)


def _dataset_pass(claim: Claim, cell: Cell) -> Found | NotFound:
    """The published passes were not warmed up: what compares is the first pass of a fresh process."""
    model = _model(cell, claim.role)
    if model is None:
        return not_measured(cell, "measure")
    first = model.first_pass_median_s
    if first is None:
        return NotFound(_no_pass(model))
    passes = "pass" if len(model.first_pass_s) == 1 else "passes"
    sentence = f"First {passes} of a fresh process {figures.all_seconds(model.first_pass_s)}; {_warm(model)}."
    return Found(first, None, figures.seconds(first), sentence)


def _warm(model: Model) -> str:
    timing = model.dataset_pass
    if timing is None or timing.median is None:
        return "no warm pass"
    interval = f" ({figures.seconds_interval(timing.interval)})" if timing.interval else ""
    return f"warmed up, the median is {figures.seconds(timing.median)}{interval}"


def _no_pass(model: Model) -> str:
    reason = why(model.dataset_pass) if model.dataset_pass else "not taken"
    return f"nothing that counts was measured: the dataset pass of {model.name} is {reason or 'without a first pass'}"


def _speedup(_claim: Claim, cell: Cell) -> Found | NotFound:
    if cell.measured is None or cell.teacher is None or cell.student is None:
        return not_measured(cell, "measure")
    teacher, student = cell.teacher.first_pass_median_s, cell.student.first_pass_median_s
    if teacher is None or student is None:
        return NotFound(_no_pass(cell.teacher if teacher is None else cell.student))
    first, warm = teacher / student, cell.measured.dataset_pass_speedup
    sentence = f"Medians of the first passes {figures.ratio(first)}"
    if warm:
        within = f" ({figures.ratio_interval(warm.interval)})" if warm.interval else ""
        sentence += f"; warmed up, the ratio of the medians is {figures.ratio(warm.ratio)}{within}"
    return Found(first, None, figures.ratio(first), f"{sentence}.")


def _forward_speedup(_claim: Claim, cell: Cell) -> Found | NotFound:
    """Of the largest padded batch: what stands in the result table."""
    if cell.measured is None or cell.teacher is None or cell.student is None:
        return not_measured(cell, "measure")
    inputs = cell.measured.headline
    if inputs is None:
        return NotFound("nothing was measured: no forward pass of padded inputs was timed")
    workload = Workload(cell.student.name, ENGINE, FLOAT32, inputs.batch_size, inputs.length)
    ratio = cell.measured.speedup(workload, cell.teacher.name)
    if ratio is None:
        return NotFound(f"nothing that counts was measured: the forward pass ({inputs.inputs}) has no valid ratio")
    within = f" ({figures.ratio_interval(ratio.interval)})" if ratio.interval else ""
    text = figures.ratio(ratio.ratio)
    return Found(ratio.ratio, ratio.interval, text, f"Forward pass, {inputs.inputs}: {text}{within}.")


_FINDERS: dict[str, Callable[[Claim, Cell], Found | NotFound]] = {
    "parameters": _parameters,
    "parameter_ratio": _parameter_ratio,
    "dataset_pass_s": _dataset_pass,
    "speedup": _speedup,
    "forward_speedup": _forward_speedup,
}


def _model(cell: Cell, role: str) -> Model | None:
    return cell.teacher if role == "teacher" else cell.student


def _counted(model: Model, claim: Claim, role: str) -> int:
    return sum(model.parameters.get(part, 0) for part in claim.counted[role])


def _sum(model: Model, parts: tuple[str, ...]) -> str:
    return " + ".join(f"{part} {figures.count(model.parameters.get(part, 0))}" for part in parts)
