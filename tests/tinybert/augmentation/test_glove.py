from __future__ import annotations

import gzip
import hashlib
import multiprocessing
import resource
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tinybert import artifacts
from tinybert.augmentation import glove
from tinybert.augmentation.glove import glove_vectors
from tinybert.augmentation.source_file import find_source
from tinybert.errors import BadInputError

ALL = 1000
# 840B's way: tokens with blanks, and -0.25 for what is below.
TEXT = "the 0.5 -0.25 1e-05\n. . . 0.1 0.2 0.3\nat name@domain.com -1 2.5 0.125\né 0.4 0.4 0.4\n"
ROWS = {
    "the": [0.5, -0.25, 1e-05],
    ". . .": [0.1, 0.2, 0.3],
    "at name@domain.com": [-1, 2.5, 0.125],
    "é": [0.4, 0.4, 0.4],
}


def write(path: Path, content: str | bytes = TEXT) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def archive(path: Path, **texts: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in texts.items():
            file.writestr(f"{name}.txt", text)
    return path


def many(rows: int = 2000, dimension: int = 20) -> tuple[str, np.ndarray]:
    values = np.random.default_rng(0).normal(0, 0.4, (rows, dimension)).round(5)
    lines = (f"word{number} {' '.join(map(str, row))}\n" for number, row in enumerate(values.tolist()))
    return "".join(lines), values


def test_rows_are_the_published_ones_at_unit_length(tmp_path: Path) -> None:
    """Over several chunks, as NumPy reads them."""
    text, values = many(20_000)
    vectors = glove_vectors(write(tmp_path / "x.txt", text), 15_000, tmp_path / "cache")
    expected = values[:15_000] / np.linalg.norm(values[:15_000], axis=1, keepdims=True)
    np.testing.assert_array_equal(vectors.matrix, expected.astype(np.float32))
    assert vectors.words == [f"word{number}" for number in range(15_000)]
    assert isinstance(vectors.matrix, np.memmap)
    found = vectors.vector_of("word7")
    assert found is not None and found.tobytes() == vectors.matrix[7].tobytes()
    assert vectors.vector_of("word15000") is None


@pytest.mark.parametrize("kind", ["plain", "gzip", "zip", "member"])
def test_files_as_they_are_downloaded(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "glove"
    match kind:
        case "plain":
            write(path)
        case "gzip":
            write(path, gzip.compress(TEXT.encode()))
        case "zip":
            archive(path, glove=TEXT)
        case _:
            path = archive(path, other="x 1.0\n", glove=TEXT) / "glove.txt"
    vectors = glove_vectors(path, ALL, tmp_path / "cache")
    assert vectors.words == list(ROWS)
    expected = np.array(list(ROWS.values()))
    np.testing.assert_allclose(vectors.matrix, expected / np.linalg.norm(expected, axis=1, keepdims=True), rtol=1e-7)
    file = tmp_path / "glove"
    assert vectors.facts == {
        "kind": "glove", "file": {"zip": "glove/glove.txt", "member": "glove/glove.txt"}.get(kind, "glove"),
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(), "dimension": 3, "rows": 4, "vectors": 4,
        "duplicates": 0, "zeros": 0, "skipped": 0,
    }  # fmt: skip
    assert not list(tmp_path.rglob("glove*.txt"))


def test_rows_without_a_place(tmp_path: Path) -> None:
    text = "a 1.0 2.0\n<unk> 3.0 4.0\nb 0.0 0.0\na 5.0 6.0\n<unk> 1.0 1.0\nb 0.0 1.0\nlast 1.0 0.0"
    vectors = glove_vectors(write(tmp_path / "x.txt", text), ALL, tmp_path)
    assert vectors.words == ["a", "b", "last"]
    np.testing.assert_allclose(vectors.matrix[:2], [[5**-0.5, 2 * 5**-0.5], [0, 1]], rtol=1e-7)
    counts = {name: vectors.facts[name] for name in ("rows", "vectors", "duplicates", "zeros", "skipped")}
    assert counts == {"rows": 7, "vectors": 3, "duplicates": 1, "zeros": 1, "skipped": 2}
    # Every row read counts, as in the published script.
    assert glove_vectors(tmp_path / "x.txt", 3, tmp_path).words == ["a"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"<unk> 1.0 2.0\na 0.0 0.0\n", "holds no vector"),
        (b"only words\n", "line 1 has no numbers after its word"),
        (TEXT.encode("utf-16"), "line 1 has no numbers"),
        (b"a 0.1 0.2\nb\xff 0.1 0.2\n", "line 2: byte 0xff of its word is not UTF-8"),
        (b"a 0.1 0.2\n 0.1 0.2\nc 0.1 0.2\n", "line 2 has no word"),
        (b"a 0.1 0.2\nb 1e200 1e200\n", "line 2 has too large numbers"),
        (b"a 0.1 0.2\nb 0.1\nc 0.1 0.2\n", "line 2 has 1 numbers"),
        (b"a 0.1 0.2\nb 0.1 inf\nc 0.1 0.2\n", "line 2: 'inf' is no finite number"),
        (b"a 0.1 0.2\n" + b"x" * (2 << 20), "line 2 is longer than 1 MB"),
        (gzip.compress(TEXT.encode(), mtime=0)[:-30], "is damaged or cut off"),
        (gzip.compress(TEXT.encode(), mtime=0)[:-8] + b"12345678", "is damaged or cut off"),
        (b"PK\x03\x04 cut", "is damaged or cut off"),
    ],
)
def test_files_that_are_none(tmp_path: Path, content: bytes, message: str) -> None:
    path = write(tmp_path / "x.txt", content)
    with pytest.raises(BadInputError) as caught:
        glove_vectors(path, ALL, tmp_path / "cache")
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [each for each in tmp_path.glob("cache/*") if each.suffix != ".lock"] == []


def test_a_line_far_inside_is_named(tmp_path: Path) -> None:
    lines = many(20_000)[0].splitlines()
    lines[15_432] += " x"
    with pytest.raises(BadInputError, match="line 15433: 'x' is no finite number"):
        glove_vectors(write(tmp_path / "x.txt", "\n".join(lines)), 20_000, tmp_path / "cache")


def test_the_text_in_an_archive(tmp_path: Path) -> None:
    several = archive(tmp_path / "several.zip", b=TEXT, a=TEXT)
    with pytest.raises(BadInputError, match=r"several.zip holds b.txt, a.txt: name one"):
        find_source(several)
    with pytest.raises(BadInputError, match=r"several.zip has no c.txt, but b.txt, a.txt"):
        find_source(several / "c.txt")
    with pytest.raises(BadInputError, match=r"none.zip holds no .txt"):
        find_source(archive(tmp_path / "none.zip", **{"__MACOSX/x": ""}))
    with pytest.raises(BadInputError, match=r"x.txt is no ZIP archive"):
        find_source(write(tmp_path / "x.txt") / "y.txt")
    with pytest.raises(BadInputError, match="does not exist"):
        find_source(tmp_path / "no" / "such.zip")
    # Two texts of one archive are two tables.
    texts = archive(tmp_path / "texts.zip", a="a 1.0\n", b="b 1.0\n")
    assert [glove_vectors(texts / name, ALL, tmp_path / "cache").words for name in ("a.txt", "b.txt")] == [["a"], ["b"]]


def test_a_damaged_member_is_named(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", x=many()[0])
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(BadInputError, match=r"x.zip/x.txt is damaged or cut off|x.zip/x.txt, line \d+"):
        glove_vectors(path, ALL, tmp_path / "cache")


def test_a_table_is_read_again_and_written_anew_where_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, cache = write(tmp_path / "x.txt", many()[0]), tmp_path / "cache"
    first = glove_vectors(path, ALL, cache)
    (table,) = (each for each in cache.iterdir() if each.is_dir())
    whole = artifacts.describe(table, ".")
    renamed = path.rename(tmp_path / "y.txt")
    with monkeypatch.context() as patch:
        patch.setattr(glove, "parse_rows", None)
        again = glove_vectors(renamed, ALL, cache)
    assert again.facts == first.facts | {"file": "y.txt"}
    for name in (glove.MATRIX, glove.WORDS, glove.FACTS, glove.CHECKSUMS):
        content = (table / name).read_bytes()
        for damaged in (b"", content[: len(content) // 2], b"[]", content.replace(b"0", b"1"), None):
            (table / name).unlink()
            if damaged is not None:
                (table / name).write_bytes(damaged)
            assert glove_vectors(renamed, ALL, cache).words == first.words, (name, damaged)
    assert artifacts.describe(table, ".") == whole
    write(renamed, many()[0].replace("word", "other"))
    assert glove_vectors(renamed, ALL, cache).words[0] == "other0"


def _read(path: Path, cache: Path, barrier: object) -> None:
    barrier.wait()  # type: ignore[attr-defined]
    vectors = glove_vectors(path, ALL, cache)
    assert len(vectors.words) == len(vectors.matrix) == ALL


def test_readers_at_once(tmp_path: Path) -> None:
    path = write(tmp_path / "x.txt", many()[0])
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(4)
    readers = [context.Process(target=_read, args=(path, tmp_path / "cache", barrier)) for _ in range(4)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert [reader.exitcode for reader in readers] == [0] * 4
    assert len(list((tmp_path / "cache").iterdir())) == 2  # the table and its lock


def test_memory_is_that_of_a_chunk(tmp_path: Path) -> None:
    """40 MB of text and 19 MB of vectors take less than 8 MB more than 200 rows do."""
    rows = [line.partition(" ")[2] for line in many(100, 300)[0].splitlines()]
    path = write(tmp_path / "x.txt", "".join(f"word{number} {rows[number % 100]}\n" for number in range(16_000)))

    def peak_kb(rows: int) -> int:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            return int(pool.apply(_peak_kb, (path, rows, tmp_path / "cache")))

    assert peak_kb(16_000) - peak_kb(200) < 8_000


def _peak_kb(path: Path, rows: int, cache: Path) -> int:
    glove_vectors(path, rows, cache)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
