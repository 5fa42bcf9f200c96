"""A text file of word vectors as it was downloaded: plain, gzip, or inside a ZIP archive. Nothing is unpacked to disk."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tinybert.errors import BadInputError

CHUNK_BYTES = 1 << 18  # the arrays of a chunk stay in a core's cache
LINE_BYTES = 1 << 20  # 300 numbers take 3 KB; a file without line ends shall not fill the memory
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"


@dataclass(frozen=True)
class SourceFile:
    """`member`: the text inside a ZIP archive, else None."""

    path: Path
    member: str | None

    @property
    def name(self) -> str:
        """Without the folder: `glove.6B.zip/glove.6B.300d.txt`."""
        return self.path.name if self.member is None else f"{self.path.name}/{self.member}"

    def __str__(self) -> str:
        return str(self.path if self.member is None else self.path / self.member)


def find_source(path: Path) -> SourceFile:
    """The file at `path`; of an archive its one text, or the one that the path goes on to name (`glove.6B.zip/glove.6B.300d.txt`).

    Raises BadInputError where there is no such file or text, or where an archive has several and none is named.
    """
    file = next((each for each in (path, *path.parents) if each.is_file()), None)
    if file is None:
        raise BadInputError(f"{path} does not exist: give a GloVe file (.txt, .txt.gz or .zip)")
    if _magic(file, _ZIP) != _ZIP:
        if file != path:
            raise BadInputError(f"{file} is no ZIP archive, so there is no {path}: give a GloVe file")
        return SourceFile(file, None)
    texts = _texts(file)
    wanted = path.relative_to(file).as_posix()
    if file != path and wanted not in texts:
        raise BadInputError(f"{file} has no {wanted}, but {', '.join(texts) or 'no .txt'}: name one of these")
    if file == path and len(texts) != 1:
        found = f"holds {', '.join(texts)}: name one (`member`)" if texts else "holds no .txt: give a GloVe file"
        raise BadInputError(f"{file} {found}")
    return SourceFile(file, texts[0] if file == path else wanted)


def line_chunks(source: SourceFile, rows: int) -> Iterator[tuple[int, bytes]]:
    """The first `rows` lines in chunks of whole lines, each line ended by a line feed: the number of a chunk's first line, and the chunk.

    Raises BadInputError where the file is damaged, cut off, or has a line of more than 1 MB.
    """
    number, rest = 1, b""
    with _opened(source) as file:
        while number <= rows:
            block = _read(source, file)
            text = rest + (block or b"\n" * bool(rest))
            end = text.rfind(b"\n") + 1
            lines, rest = text[:end], text[end:]
            count = lines.count(b"\n")
            if len(rest) > LINE_BYTES:
                raise BadInputError(f"{source}, line {number + count} is longer than 1 MB: give a text of word vectors")
            if count > rows + 1 - number:
                lines = b"\n".join([*lines.split(b"\n")[: rows + 1 - number], b""])
            if lines:
                yield number, lines
            if not block:
                return
            number += count


def _texts(archive: Path) -> list[str]:
    try:
        with zipfile.ZipFile(archive) as file:
            names = file.namelist()
    except (zipfile.BadZipFile, OSError) as error:
        raise _damaged(archive, error) from error
    # Archives made on a Mac hold a shadow of each file.
    return [name for name in names if name.endswith(".txt") and not name.startswith("__MACOSX/")]


@contextmanager
def _opened(source: SourceFile) -> Iterator[IO[bytes] | gzip.GzipFile]:
    if source.member is None and _magic(source.path, _GZIP) == _GZIP:
        with gzip.open(source.path) as packed:
            yield packed
    elif source.member is None:
        with source.path.open("rb") as plain:
            yield plain
    else:
        with zipfile.ZipFile(source.path) as archive:
            try:
                member = archive.open(source.member)
            except (
                zipfile.BadZipFile,
                NotImplementedError,
                RuntimeError,
            ) as error:  # damaged, unknown method, encrypted
                raise _damaged(source, error) from error
            with member:
                yield member


def _read(source: SourceFile, file: IO[bytes] | gzip.GzipFile) -> bytes:
    try:
        return file.read(CHUNK_BYTES)
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise _damaged(source, error) from error


def _magic(path: Path, pattern: bytes) -> bytes:
    with path.open("rb") as file:
        return file.read(len(pattern))


def _damaged(source: Path | SourceFile, error: Exception) -> BadInputError:
    return BadInputError(f"{source} is damaged or cut off ({error}): fetch it again")
