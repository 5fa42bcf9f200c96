"""The section on data augmentation: what was replaced, from where, examples, and the student with and without."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from harness.report import figures, statistics, values
from harness.report.document import Block, Group, Paragraph, Section, Span, Table, Text, noted, plain
from harness.report.facts import Cell, cells
from harness.report.limits import first

MODES = {
    "published": "published: Huawei's script, candidates once a sentence, with the sentence itself in sight",
    "paper": "paper: Algorithm 1, each sample from left to right",
}
SOURCES = {"masked-lm": "language model", "vectors": "word vectors", "none": "nothing found: the word itself"}
HOW_TO_READ = (
    "Replaced: words of the samples that are another word than in the train set; a candidate may be the word itself. Duplicates are "
    "samples equal to the sentence or to an earlier sample of it. In the examples, new words are bold."
)


def section(record: Mapping[str, Any]) -> Section:
    """Empty unless something was augmented."""
    augmented = [cell for cell in cells(record) if cell.result("augment")]
    if not augmented:
        return Section("augmentation", "Augmentation", ())
    shown, others = first(augmented, "Examples")
    blocks: list[Block] = [_facts(augmented), Paragraph(plain(HOW_TO_READ)), *map(_examples, shown), *others]
    if scores := _scores(cells(record)):
        blocks.append(scores)
    return Section("augmentation", "Augmentation", tuple(blocks))


def _facts(augmented: Sequence[Cell]) -> Table:
    found = [_told(cell) for cell in augmented]
    rows = tuple((plain(name), *(plain(each[name]) for each in found)) for name in found[0])
    return Table("What was augmented, and how", ("what", *(cell.name for cell in augmented)), (Group(rows),))


def _told(cell: Cell) -> dict[str, str]:
    details, metrics = cell.details("augment"), cell.metrics("augment")
    options = cell.stages["augment"]["spec"]["options"]
    words = metrics["eligible_words"]
    drawn = words * options["samples"]
    return {
        "mode": MODES[details["mode"]],
        "samples of a sentence": str(options["samples"]),
        "candidates of a word": str(options["candidates_per_word"]),
        "probability of a replacement": f"{options['replace_probability']:g}",
        "train rows": figures.count(metrics["train_rows"]),
        "rows after augmentation": figures.count(metrics["rows"]),
        "eligible words": figures.count(words),
        "replaced": figures.percent(metrics["replaced_words"] / drawn) if drawn else "no eligible word",
        "duplicates removed": f"{figures.count(metrics['duplicates'])} of {figures.count(metrics['samples'])} samples",
        "candidates from": _sources(details["candidate_sources"]),
        "language model": _model(details["masked_lm"]),
        "word vectors": _vectors(details["vectors"]),
    }


def _sources(words: Mapping[str, int]) -> str:
    total = sum(words.values())
    if not total:
        return "no eligible word"
    return ", ".join(f"{name} {figures.percent(words[each] / total)}" for each, name in SOURCES.items())


def _model(facts: Mapping[str, Any] | None) -> str:
    if facts is None:
        return "none: word vectors alone"
    if facts["head"] == "pretrained":
        return "the teacher's weights, with the head that they came with"
    rows = f"{figures.count(facts['rows'])} rows of the task's text"
    lines = f" and {figures.count(facts['corpus_lines'])} lines of a corpus" if facts["corpus_lines"] else ""
    right = f"{figures.percent(facts['top_15'])} of {figures.count(facts['words'])} hidden words are among its first 15"
    return f"the teacher's weights and a head, both fitted on {rows}{lines}; {right}"


def _vectors(facts: Mapping[str, Any]) -> str:
    name = "the teacher's own word embeddings" if facts["kind"] == "teacher-embeddings" else facts["file"]
    found = f"{figures.count(facts['words_found'])} of {figures.count(facts['words_asked'])} words found"
    return f"{name}, {facts['dimension']} wide: {found}"


def _examples(cell: Cell) -> Table:
    groups = tuple(
        Group(tuple(_variants(text, new)), f"row {example['row']}")
        for example in cell.details("augment")["examples"]
        for text, new in zip(example["texts"], example["variants"], strict=True)
    )
    return Table(f"{cell.name}: rows and the first of their variants", ("what", "text"), groups)


def _variants(text: str, new: Sequence[str]) -> list[tuple[Text, ...]]:
    return [(plain("as it was"), plain(text)), *((plain("variant"), tuple(_marked(text, each))) for each in new)]


def _marked(text: str, new: str) -> Iterator[Span]:
    """The variant's words, those strong that are not the text's. A variant has basic tokens, one for each of the text: words and single
    punctuation marks. Where these come out differently (a candidate of two words, a script without spaces), nothing is marked.
    """
    old, words = re.findall(r"[^\W_]+|[^\w\s]|_", text.lower()), new.split()
    if len(old) != len(words):
        yield Span(new)
        return
    pairs = zip(old, words, strict=True)
    for place, (is_new, run) in enumerate(groupby(pairs, lambda pair: pair[0] != pair[1].lower())):
        if place:
            yield Span(" ")
        yield Span(" ".join(word for _, word in run), "strong" if is_new else "plain")


def _scores(found: Sequence[Cell]) -> Table | None:
    """The student of every evaluated cell, where some are augmented and some are not."""
    scored = [cell for cell in found if cell.first_dev_set]
    if len({cell.is_augmented for cell in scored}) < 2:
        return None
    without = {cell.name: cell for cell in scored if not cell.is_augmented}
    rows = tuple(
        (plain(cell.name), plain(cell.augmentation), plain(_rows(cell)), _student(cell), _gain(cell, without))
        for cell in scored
    )
    columns = (
        "cell",
        "augmentation",
        "training rows",
        f"student's dev {scored[0].metric.label}",
        "change by augmentation",
    )
    return Table("The student with and without augmentation", columns, (Group(rows),), frozenset({2, 3, 4}))


def _gain(cell: Cell, without: Mapping[str, Cell]) -> Text:
    """The student's score less that of the cell that differs in nothing but the augmentation. Empty for that one and without it."""
    base = without.get(cell.name.removesuffix(f"-augmented-{cell.augmentation}"))
    ours, other = cell.score("student"), base and base.score("student")
    if base is cell or not ours or not other or ours.value is None or other.value is None:
        return plain("")
    change = cell.metric.change(ours.value - other.value)
    if not ours.interval or not other.interval:
        return plain(change)
    interval = statistics.difference(other.value, other.interval, ours.value, ours.interval)
    return noted(change, figures.points_interval(interval))


def _rows(cell: Cell) -> str:
    metrics = cell.metrics("distill")
    return figures.count(metrics["train_rows"]) if metrics else "unknown"


def _student(cell: Cell) -> Text:
    assert cell.first_dev_set is not None
    _, student, _ = values.score(cell, cell.metric, cell.first_dev_set.name)
    return noted(student.text, student.note)
