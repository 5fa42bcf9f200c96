"""GLUE's files as they are published, a few rows each: header lines, columns and row shapes to the letter.

The headers were read in: https://github.com/nyu-mll/GLUE-baselines, https://github.com/nyu-mll/jiant (issues 997 and 1073),
https://github.com/huggingface/datasets (datasets/glue/glue.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MNLI = (
    "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\tsentence2_parse"
)
SNLI = "index\tcaptionID\tpairID\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\tsentence2_parse"
STSB = "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2"
PAIR = "sentence1\tsentence2"
FIVE_LABELS = "label1\tlabel2\tlabel3\tlabel4\tlabel5\tgold_label"
MRPC = "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String"
QQP = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate"
ENTAILMENT = ("not_entailment", "entailment")
INFERENCE = ("neutral", "contradiction", "entailment")

# What stands in the published files, and what a reader of CSV would stumble over.
ODD = (
    '" the witness " , he said , doesn \'t know',
    'A man said: "I do not',
    "journey . ",
    "",
    "São Tomé, Ðà Nẵng 中文 \U0001f600",
    "a,b;c|d\\te\u2028f\x85g\x0bh\xa0i",
    "'",
    "word " * 5000,
)


@dataclass(frozen=True)
class Shape:
    """A file: its header, the two texts' and the label's columns in it, and the labels that its rows take in turn."""

    header: str
    text_a: str
    text_b: str | None = None
    label: str | None = None
    labels: tuple[str, ...] = ()
    has_header: bool = True
    byte_order_mark: bool = False


@dataclass(frozen=True)
class Rows:
    """What a file holds: `labels` as they stand in it (none in a test set), `ids` the first column."""

    text_a: list[str]
    text_b: list[str] | None
    labels: list[str]
    ids: list[str]


def _labelled(header: str, text_a: str, text_b: str | None, label: str, labels: tuple[str, ...]) -> dict[str, Shape]:
    return dict.fromkeys(("train.tsv", "dev.tsv"), Shape(header, text_a, text_b, label, labels))


def _pairs(labels: tuple[str, ...], first: str = "sentence1", second: str = "sentence2") -> dict[str, Shape]:
    labelled = _labelled(f"index\t{first}\t{second}\tlabel", first, second, "label", labels)
    return labelled | {"test.tsv": Shape(f"index\t{first}\t{second}", first, second)}


COLA = Shape("source\tlabel\tmark\tsentence", "sentence", None, "label", ("1", "0"), has_header=False)
MRPC_SHAPE = Shape(MRPC, "#1 String", "#2 String", "Quality", ("1", "0"), byte_order_mark=True)
MNLI_DEV = Shape(f"{MNLI}\t{PAIR}\t{FIVE_LABELS}", "sentence1", "sentence2", "gold_label", INFERENCE)
MNLI_TEST = Shape(f"{MNLI}\t{PAIR}", "sentence1", "sentence2")
SNLI_LABELS = (*INFERENCE, "-")

FILES: dict[str, dict[str, Shape]] = {
    "CoLA": {"train.tsv": COLA, "dev.tsv": COLA, "test.tsv": Shape("index\tsentence", "sentence")},
    "SST-2": _labelled("sentence\tlabel", "sentence", None, "label", ("0", "1"))
    | {"test.tsv": Shape("index\tsentence", "sentence")},
    "MRPC": {
        "train.tsv": MRPC_SHAPE,
        "dev.tsv": MRPC_SHAPE,
        "test.tsv": Shape("index\t#1 ID\t#2 ID\t#1 String\t#2 String", "#1 String", "#2 String"),
    },
    "QQP": _labelled(QQP, "question1", "question2", "is_duplicate", ("0", "1"))
    | {"test.tsv": Shape("id\tquestion1\tquestion2", "question1", "question2")},
    "STS-B": _labelled(
        f"{STSB}\t{PAIR}\tscore", "sentence1", "sentence2", "score", ("5.000", "0.000", "3.800", "2.667")
    )
    | {"test.tsv": Shape(f"{STSB}\t{PAIR}", "sentence1", "sentence2")},
    "MNLI": {
        "train.tsv": Shape(f"{MNLI}\t{PAIR}\tlabel1\tgold_label", "sentence1", "sentence2", "gold_label", INFERENCE),
        "dev_matched.tsv": MNLI_DEV,
        "dev_mismatched.tsv": MNLI_DEV,
        "test_matched.tsv": MNLI_TEST,
        "test_mismatched.tsv": MNLI_TEST,
        "diagnostic.tsv": Shape("index\tsentence1\tsentence2", "sentence1", "sentence2"),
    },
    "SNLI": {
        "train.tsv": Shape(f"{SNLI}\t{PAIR}\tlabel1\tgold_label", "sentence1", "sentence2", "gold_label", SNLI_LABELS),
        "dev.tsv": Shape(f"{SNLI}\t{PAIR}\t{FIVE_LABELS}", "sentence1", "sentence2", "gold_label", SNLI_LABELS),
    },
    "QNLI": _pairs(ENTAILMENT, "question", "sentence"),
    "RTE": _pairs(ENTAILMENT),
    "WNLI": _pairs(("1", "0")),
}


def write_task(directory: Path, name: str, ending: str = "\n") -> dict[str, Rows]:
    """All of a task's files, and what they hold: file -> rows. Each file has other texts than the next."""
    directory.mkdir(parents=True, exist_ok=True)
    return {file: _write(directory / file, shape, ending) for file, shape in FILES[name].items()}


def _write(path: Path, shape: Shape, ending: str) -> Rows:
    names = shape.header.split("\t")
    text_a = [*ODD, f"only in {path.name}"]
    text_b = text_a[::-1] if shape.text_b else None
    labels = [shape.labels[row % len(shape.labels)] for row in range(len(text_a))] if shape.labels else []
    lines = [shape.header] if shape.has_header else []
    for row in range(len(text_a)):
        cells = {name: f"{name} {row}" for name in names} | {names[0]: str(row), shape.text_a: text_a[row]}
        if text_b and shape.text_b:
            cells[shape.text_b] = text_b[row]
        if shape.label:
            cells[shape.label] = labels[row]
        lines.append("\t".join(cells[name] for name in names))
    mark = "\ufeff" if shape.byte_order_mark else ""
    path.write_bytes((mark + ending.join([*lines, ""])).encode())
    return Rows(text_a, text_b, labels, [str(row) for row in range(len(text_a))])
