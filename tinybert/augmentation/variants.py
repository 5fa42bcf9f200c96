"""The new sentences of every row, in shards of rows that a kill leaves in place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from tinybert import artifacts
from tinybert.augmentation.drawing import Counts

SHARD_ROWS = 256
Sentences = list[list[str]]
"""Of one row: for each of its texts the new sentences."""
Make = Callable[[Sequence[int], Counts], list[Sentences]]


def write_variants(folder: Path, rows: Sequence[int], make: Make, report: Callable[[int], None]) -> None:
    """Call `make` with each shard's rows, and keep what it gives with its counts. `report`: rows done; may raise to stop."""
    for first in range(0, len(rows), SHARD_ROWS):
        shard = rows[first : first + SHARD_ROWS]
        path = _path(folder, first)
        if not path.is_file():
            counts = Counts()
            made = make(shard, counts)
            text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in (asdict(counts), *made))
            artifacts.write_atomically(path, partial(_write, text))
        report(first + len(shard))


def read_variants(folder: Path, rows: int, counts: Counts) -> Iterator[Sentences]:
    """Row by row, as they were written; the shards' counts are added to `counts`."""
    for first in range(0, rows, SHARD_ROWS):
        with _path(folder, first).open(encoding="utf-8") as file:
            counts.add(Counts(**json.loads(next(file))))
            for line in file:
                yield json.loads(line)


def _path(folder: Path, first: int) -> Path:
    return folder / f"{first // SHARD_ROWS:05d}.jsonl"


def _write(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
