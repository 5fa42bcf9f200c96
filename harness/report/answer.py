"""The first lines of a report: the answer in a sentence a cell, and what must be known before believing it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.report import figures
from harness.report.document import Block, Bullets, Notice, Paragraph, Span, plain
from harness.report.facts import Cell, cells, data_name, differs
from harness.report.language import Language, language
from harness.report.measured import ENGINE, FLOAT32, Measured, Model, Ratio, Workload
from harness.report.results import headline
from harness.report.validity import refused

Record = Mapping[str, Any]


def title(record: Record) -> str:
    """Names the data where something was learned from them, else the models alone."""
    if any("evaluate" in cell.planned for cell in cells(record)):
        return f"TinyBERT on {_where(record, language('en'))}"
    names = dict.fromkeys(model.name for cell in cells(record) if cell.measured for model in cell.measured.models)
    return f"Size and speed of {_listed(list(names))}" if names else f"Size and speed, {record['suite']['name']}"


def answer(record: Record, words: Language | None = None) -> Block:
    """In English, unless other words are given."""
    inputs, words = headline(record), words or language("en")
    sentences = [(cell, _sentence(cell, record, inputs, words)) for cell in cells(record)]
    if len(sentences) == 1:
        return Paragraph(plain(sentences[0][1]))
    return Bullets(tuple((Span(f"{cell.name}: ", "strong"), Span(sentence)) for cell, sentence in sentences))


def _where(record: Record, words: Language) -> str:
    return words.say("sample") if record["data"]["kind"] == "sample" else words.phrase(data_name(record))


def _sentence(cell: Cell, record: Record, inputs: Workload | None, words: Language) -> str:
    """What distillation cost and what it bought, in words; or which stage is missing to say so."""
    measured, teacher, student = cell.measured, cell.teacher, cell.student
    untrained = "evaluate" not in cell.planned
    if measured is None or teacher is None or student is None or (cell.first_dev_set is None and not untrained):
        return words.say("missing", stages=", ".join(cell.missing()))
    if untrained:
        others = [model for model in measured.models if model.role != "teacher"]
        return " ".join(
            words.say("untrained", model=model.name, bought=_bought(measured, teacher, model, inputs, words))
            for model in others
        )
    return _cost(cell, record, _bought(measured, teacher, student, inputs, words), words)


def _cost(cell: Cell, record: Record, bought: str, words: Language) -> str:
    dev_set, metric = cell.first_dev_set, cell.metric
    assert dev_set is not None
    teacher, student, change = dev_set.compared(metric.name)
    several = f"{dev_set.name} " if len(cell.dev_sets) > 1 else ""
    where = words.say("where", data=_where(record, words), rows=figures.count(dev_set.rows), dev_set=several)
    label = words.metric(metric.label)
    if change.value is None:
        return words.say("undefined", where=where, metric=label, bought=bought)
    interval = change.interval and words.interval(figures.points_interval(change.interval))
    return words.say(
        "cost" if change.value <= 0 else "gained",
        where=where,
        points=f"{abs(100 * change.value):.1f}",
        metric=label,
        teacher=metric.value(teacher.value),
        student=metric.value(student.value),
        within=words.say("within", interval=interval) if interval else "",
        bought=bought,
    )


def _bought(measured: Measured, teacher: Model, model: Model, inputs: Workload | None, words: Language) -> str:
    """Smaller and faster by how much: `7.63x smaller than BERT-base; its dataset pass is ..., its forward pass (...) is ...`."""
    ratio = teacher.parameters["encoder"] / model.parameters["encoder"]
    size = words.say("smaller" if ratio >= 1 else "larger", ratio=figures.ratio(ratio))
    if teacher.name != "teacher":
        size = words.say("than", size=size, teacher=teacher.name)
    speeds = []
    if model.role == "student" and (model.dataset_pass or teacher.dataset_pass):
        speeds.append(words.say("dataset_pass", speed=_speed(measured.dataset_pass_speedup, words)))
    if inputs:
        workload = Workload(model.name, ENGINE, FLOAT32, inputs.batch_size, inputs.length)
        speed = _speed(measured.speedup(workload, teacher.name), words)
        speeds.append(words.say("forward", inputs=words.phrase(inputs.inputs), speed=speed))
    return words.say("speeds", size=size, speeds=words.say("and").join(speeds)) if speeds else size


def _speed(ratio: Ratio | None, words: Language) -> str:
    if ratio is None:
        return words.say("no_speed")
    found = words.interval(figures.ratio_interval(ratio.interval)) if ratio.interval else ""
    within = words.say("interval", interval=found) if found else ""
    return words.say("faster" if ratio.ratio >= 1 else "slower", ratio=figures.ratio(ratio.ratio), interval=within)


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
