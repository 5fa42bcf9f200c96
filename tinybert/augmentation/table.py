"""`train_aug.tsv`: the train file's own lines, each followed by its variants, in the published layout."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from tinybert import artifacts, stop
from tinybert.augmentation.variants import Sentences
from tinybert.augmentation.work import Work
from tinybert.data.examples import Examples
from tinybert.data.tokens import Tokens, concatenate, tokenize
from tinybert.data.tsv import read_lines

# Lines that are tokenized together.
CHUNK_LINES = 32_768
Line = tuple[list[str], int]
"""A line's fields, and the row of the train file that its label is of."""


def write_table(
    path: Path,
    work: Work,
    header: bool,
    variants: Iterable[Sentences],
    tokenizer: Tokenizer,
    report: Callable[[int], None],
) -> Tokens:
    """Write the table, with the train file's header where it has one, and return its rows as tokens. `report`: rows of the work done."""
    parts: list[Tokens] = []

    def write(target: Path) -> None:
        lines = _lines(work, variants, report)
        with target.open("w", encoding="utf-8", newline="\n") as file:
            if header:
                file.write("\t".join(next(read_lines(work.path))[1]) + "\n")
            while chunk := list(islice(lines, CHUNK_LINES)):
                file.writelines("\t".join(fields) + "\n" for fields, _ in chunk)
                parts.append(_tokens(tokenizer, chunk, work))

    artifacts.write_atomically(path, write)
    return concatenate(parts)


def lines_of(
    fields: Sequence[str], columns: Sequence[int], variants: Sentences, keep_last: bool
) -> Iterator[list[str]]:
    """A row of the train file and its variants, as fields. columns: position of each text, negative from the end.

    Of a pair, text A's variants stand beside text B as it was, then text B's beside text A: beside its last variant with `keep_last`, as
    the published code has it, which changes the row in place and so writes the last row of A's turn twice; else beside text A as it was.
    """
    row = list(fields)
    for turn, (column, sentences) in enumerate(zip(columns, variants, strict=True)):
        original = row[column]
        for sentence in sentences if turn and not keep_last else (original, *sentences):
            row[column] = sentence
            yield list(row)
        if not keep_last:
            row[column] = original


def _lines(work: Work, variants: Iterable[Sentences], report: Callable[[int], None]) -> Iterator[Line]:
    chosen = zip(work.rows, variants, strict=True)
    wanted = {work.examples.lines[row] for row in work.rows}
    done = 0
    for number, fields in read_lines(work.path):
        if number in wanted:
            row, new = next(chosen)
            for line in lines_of(fields, work.examples.text_columns, new, keep_last=work.is_published):
                yield line, row
            done += 1
            report(done)


def _tokens(tokenizer: Tokenizer, chunk: Sequence[Line], work: Work) -> Tokens:
    columns = [[fields[column] for fields, _ in chunk] for column in work.examples.text_columns]
    labels = work.examples.labels[np.array([row for _, row in chunk])]
    examples = Examples(columns[0], columns[1] if len(columns) > 1 else None, labels)
    return tokenize(tokenizer, examples, work.options["max_length"], stop.check_on_report)[0]
