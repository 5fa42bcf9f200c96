"""GloVe's word vectors (Pennington, Socher and Manning 2014), read once and kept as a table of unit rows.

The published script (Huawei's `data_augmentation.py`) differs in four things. It splits a line at every blank, so that the tokens with
blanks of `glove.840B.300d` (`. . .`, `at name@domain.com`) stop it; here the last d fields are the numbers. Of a token that comes twice
it keeps the last vector and divides the row of the first by its length of zero; here the first one stands. A vector of zeros, which has
no direction, is NaN there and left out here. Its rows are float64, these float32.
"""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import write_array_header_1_0

from tinybert import artifacts
from tinybert.augmentation.decimals import dimension_of, parse_rows
from tinybert.augmentation.source_file import SourceFile, find_source, line_chunks
from tinybert.augmentation.vectors import Vectors
from tinybert.errors import BadInputError, InfrastructureError

KIND = "glove"
UNKNOWN = "<unk>"
MATRIX, WORDS, FACTS, CHECKSUMS = "vectors.npy", "words.txt", "facts.json", "checksums.json"
# Part of a table's key: changes with what is written.
_FORMAT = 1
_LINES_LOOKED_AT = 100


def glove_vectors(path: Path, rows: int, cache: Path) -> Vectors:
    """The first `rows` rows of a GloVe file, as it was downloaded (`find_source`), as a memmap of a table below `cache`.

    The table is named by what is in the file and by `rows`. It is written by the first reader while others wait, and written anew
    where it is damaged. facts: kind, file, its sha256, dimension, rows read, vectors kept, and of the others how many are
    duplicates, zeros or `<unk>` (skipped).

    Raises BadInputError for a file that is missing, empty, damaged, not UTF-8, or has a line that is not a token with as many
    finite numbers as most lines have.
    """
    source = find_source(path)
    digest = artifacts.sha256_file(source.path)
    key = hashlib.sha256(f"{_FORMAT}\0{digest}\0{source.member}\0{rows}".encode()).hexdigest()[:32]
    table = cache / f"{KIND}-{key}"
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / f"{table.name}.lock"):
        if (found := _open(table, source)) is None:
            artifacts.write_atomically(table, lambda target: _write(target, source, digest, rows))
            found = _open(table, source)
    if found is None:
        raise InfrastructureError(f"{table} does not read as it was written: check the disk")
    return found


def _write(table: Path, source: SourceFile, digest: str, rows: int) -> None:
    """Read the file chunk by chunk and write as it comes, so that the memory taken is that of a chunk and of the words."""
    table.mkdir()
    words: dict[str, None] = {}
    read = duplicates = zeros = skipped = dimension = 0
    with (table / MATRIX).open("wb") as file:
        for first_line, lines in line_chunks(source, rows):
            if first_line == 1:
                dimension = dimension_of(lines[:-1].split(b"\n", _LINES_LOOKED_AT)[:_LINES_LOOKED_AT])
                if dimension < 1:
                    raise BadInputError(f"{source}, line 1 has no numbers after its word: give a file of word vectors")
                _write_header(file, rows, dimension)
            tokens, values = parse_rows(lines, dimension, str(source), first_line)
            lengths = np.sqrt(np.einsum("nd,nd->n", values, values))
            if not np.isfinite(lengths).all():
                line = first_line + int(np.isfinite(lengths).argmin())
                raise BadInputError(f"{source}, line {line} has too large numbers: get the file anew")
            kept = []
            for row, (word, length) in enumerate(
                zip(_decoded(tokens, source, first_line), lengths.tolist(), strict=True)
            ):
                if word == UNKNOWN:
                    skipped += 1
                elif word in words:
                    duplicates += 1
                elif length == 0:
                    zeros += 1
                else:
                    words[word] = None
                    kept.append(row)
            values /= np.where(lengths > 0, lengths, 1)[:, None]
            unit = values.astype("<f4")
            file.write((unit if len(kept) == len(unit) else unit[kept]).data)
            read += len(tokens)
        if not words:
            raise BadInputError(f"{source} {'holds no vector' if read else 'is empty'}: get the file anew")
        file.seek(0)
        _write_header(file, len(words), dimension)
    facts = {
        "kind": KIND, "sha256": digest, "dimension": dimension, "rows": read, "vectors": len(words),
        "duplicates": duplicates, "zeros": zeros, "skipped": skipped,
    }  # fmt: skip
    artifacts.write_json(table / FACTS, facts)
    (table / WORDS).write_bytes("\n".join(words).encode())
    artifacts.write_json(table / CHECKSUMS, _checksums(table))


def _checksums(table: Path) -> dict[str, str]:
    return {name: artifacts.sha256_file(table / name) for name in (MATRIX, WORDS, FACTS)}


def _write_header(file: Any, rows: int, dimension: int) -> None:
    """As long for any number of rows: NumPy leaves room for the first axis to grow."""
    write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": (rows, dimension)})


def _open(table: Path, source: SourceFile) -> Vectors | None:
    """What `_write` left, or None where it is missing or damaged."""
    try:
        if _checksums(table) != artifacts.read_json(table / CHECKSUMS):
            return None
    except OSError:
        return None
    words = (table / WORDS).read_bytes().decode().split("\n")
    # The name may change while the content stays.
    facts = artifacts.read_json(table / FACTS) | {"file": source.name}
    return Vectors(words, np.load(table / MATRIX, mmap_mode="r"), KIND, facts)


def _decoded(tokens: list[bytes], source: SourceFile, first_line: int) -> list[str]:
    try:
        words = b"\n".join(tokens).decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        line = first_line + error.object[: error.start].count(b"\n")
        found = f"byte 0x{error.object[error.start]:02x} of its word is not UTF-8 ({error.reason})"
        raise BadInputError(f"{source}, line {line}: {found}: convert the file to UTF-8, or get it anew") from None
    if "" in words:
        line = first_line + words.index("")
        raise BadInputError(f"{source}, line {line} has no word before its numbers: get the file anew")
    return words


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One process at a time; the lock goes with the process that holds it."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
