"""The first lines of a report: the answer in a sentence a cell, and what must be known before believing it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.report import figures
from harness.report.document import Block, Bullets, Notice, Paragraph, Span, plain
from harness.report.facts import Cell, cells, data_name, differs
from harness.report.measured import ENGINE, FLOAT32, Measured, Model, Ratio, Workload
from harness.report.results import headline
from harness.report.validity import refused
from harness.report.values import compared

Record = Mapping[str, Any]


def title(record: Record) -> str:
    """Names the data where something was learned from them, else the models alone."""
    if any("evaluate" in cell.planned for cell in cells(record)):
        return f"TinyBERT on {_where(record)}"
    names = dict.fromkeys(model.name for cell in cells(record) if cell.measured for model in cell.measured.models)
    return f"Size and speed of {_listed(list(names))}" if names else f"Size and speed, {record['suite']['name']}"


def answer(record: Record) -> Block:
    inputs = headline(record)
    sentences = [(cell, _sentence(cell, record, inputs)) for cell in cells(record)]
    if len(sentences) == 1:
        return Paragraph(plain(sentences[0][1]))
    return Bullets(tuple((Span(f"{cell.name}: ", "strong"), Span(sentence)) for cell, sentence in sentences))


def _where(record: Record) -> str:
    return f"the {data_name(record)}" if record["data"]["kind"] == "sample" else data_name(record)


def _sentence(cell: Cell, record: Record, inputs: Workload | None) -> str:
    """What distillation cost and what it bought, in words; or which stage is missing to say so."""
    measured, teacher, student = cell.measured, cell.teacher, cell.student
    untrained = "evaluate" not in cell.planned
    if measured is None or teacher is None or student is None or (cell.first_dev_set is None and not untrained):
        return f"No answer, for want of a result from {', '.join(cell.missing())}."
    if untrained:
        others = [model for model in measured.models if model.role != "teacher"]
        return " ".join(f"{model.name} is {_bought(measured, teacher, model, inputs)}." for model in others)
    return f"{_cost(cell, record)} and gave a model {_bought(measured, teacher, student, inputs)}."


def _cost(cell: Cell, record: Record) -> str:
    dev_set, metric = cell.first_dev_set, cell.metric
    assert dev_set is not None
    teacher, student, change = dev_set.compared(metric.name)
    several = f"{dev_set.name} " if len(cell.dev_sets) > 1 else ""
    where = f"On {_where(record)} ({figures.count(dev_set.rows)} {several}dev rows)"
    if change.value is None:
        return f"{where}, distillation left no {metric.label} that is defined for both models"
    within = f"; 95 % interval of the difference {figures.points_interval(change.interval)}" if change.interval else ""
    return (
        f"{where}, distillation {'cost' if change.value <= 0 else 'gained'} "
        f"{abs(100 * change.value):.1f} points of {metric.label} ({metric.value(teacher.value)} to {metric.value(student.value)}{within})"
    )


def _bought(measured: Measured, teacher: Model, model: Model, inputs: Workload | None) -> str:
    """Smaller and faster by how much: `7.63x smaller than BERT-base; its dataset pass is ..., its forward pass (...) is ...`."""
    than = "" if teacher.name == "teacher" else f" than {teacher.name}"
    size = compared(teacher.parameters["encoder"] / model.parameters["encoder"], "smaller", "larger")
    speeds = []
    if model.role == "student" and (model.dataset_pass or teacher.dataset_pass):
        speeds.append(f"the dataset pass {_speed(measured.dataset_pass_speedup)}")
    if inputs:
        workload = Workload(model.name, ENGINE, FLOAT32, inputs.batch_size, inputs.length)
        speeds.append(f"the forward pass ({inputs.inputs}) {_speed(measured.speedup(workload, teacher.name))}")
    return f"{size}{than}; {', '.join(speeds)}" if speeds else f"{size}{than}"


def _speed(ratio: Ratio | None) -> str:
    if ratio is None:
        return "has no speed-up, for want of a valid time"
    within = f" ({figures.ratio_interval(ratio.interval)})" if ratio.interval else ""
    return f"is {compared(ratio.ratio, 'faster', 'slower')}{within}"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def notices(record: Record) -> list[Notice]:
    return [Notice((Span(f"{head} ", "strong"), Span(text))) for head, text in _warnings(record)]


def _warnings(record: Record) -> Iterator[tuple[str, str]]:
    found, data = cells(record), record["data"]
    for cell in found:
        if missing := cell.missing():
            message = cell.message and f" {cell.message}"
            yield "Incomplete.", f"{cell.name} is {cell.status}: no result from {', '.join(missing)}.{message}"
    for cell in found:
        if text := refused(cell):
            yield (
                "Timings that do not count.",
                f"{cell.name}: {text}. None of them is shown as a result; why stands under Validity.",
            )
    trained = any("evaluate" in cell.planned for cell in found)
    if not trained:
        yield (
            "Random weights.",
            "Size and speed follow from the shape, so these models were never trained, and no score is measured.",
        )
    if data["kind"] == "sample":
        text = "Its sentences come from this project's generator; no number here is a result on a published data set."
        yield "Embedded sample.", text
    elif not data["verified"]:
        if differs(record):
            yield "Other data.", f"The files do not have the published checksums of {data['name']}."
        else:
            yield (
                "Unverified data.",
                f"No checksums of the files of {data['name']} are published to hold these against.",
            )
    if record["profile"] == "quick":
        scores = "; the scores are not those of the published recipe" if trained else ""
        yield "Quick profile.", f"The same stages on less work{scores}."
