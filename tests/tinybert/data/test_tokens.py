from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import BertWordPieceTokenizer, Tokenizer

from tests.tinybert.data.conftest import write_vocabulary
from tests.tinybert.tasks import glue
from tinybert.data.examples import Examples, read_examples
from tinybert.data.tokenizer import load_tokenizer
from tinybert.data.tokens import Tokens, load_tokens, save_tokens, tokenize, truncate
from tinybert.errors import InfrastructureError

TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=40) | st.integers(1, 90).map("film ".__mul__)
ODD = [
    "",
    " ",
    "\U0001f600\U0001f468\u200d\U0001f469",
    "שלום עולם",
    '"quoted" \'',
    "film " * 5000,
    "a" * 5000,
    "中文",
    "[SEP] [PAD]",
]


@functools.cache
def small_tokenizer() -> Tokenizer:
    with tempfile.TemporaryDirectory() as directory:
        return load_tokenizer(write_vocabulary(Path(directory)))


@functools.cache
def reference() -> BertWordPieceTokenizer:
    """The library's own BERT tokenizer, with its own truncation."""
    with tempfile.TemporaryDirectory() as directory:
        return BertWordPieceTokenizer(str(write_vocabulary(Path(directory)) / "vocab.txt"))


def tokens_of(text_a: list[str], text_b: list[str] | None, max_length: int) -> Tokens:
    examples = Examples(text_a, text_b, np.zeros(len(text_a), np.int32))
    return tokenize(small_tokenizer(), examples, max_length, lambda rows: None)[0]


def rows_of(tokens: Tokens) -> list[list[int]]:
    return [row.tolist() for row in np.split(tokens.input_ids, tokens.offsets[1:-1])]


def assert_same(tokens: Tokens, input_ids: list[list[int]], type_ids: list[list[int]]) -> None:
    assert rows_of(tokens) == input_ids
    assert tokens.first_lengths.tolist() == [row.count(0) for row in type_ids]
    assert tokens.first_lengths.dtype == np.uint16


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=6), st.integers(8, 64))
def test_single_texts_are_cut_as_the_library_cuts(texts: list[str], max_length: int) -> None:
    reference().enable_truncation(max_length, strategy="longest_first")
    expected = reference().encode_batch(texts)
    assert_same(tokens_of(texts, None, max_length), [row.ids for row in expected], [row.type_ids for row in expected])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=6), st.integers(8, 64))
def test_pairs_are_cut_as_the_library_cuts(pairs: list[tuple[str, str]], max_length: int) -> None:
    reference().enable_truncation(max_length, strategy="longest_first")
    expected = reference().encode_batch(pairs)
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    assert_same(tokens_of(first, second, max_length), [row.ids for row in expected], [row.type_ids for row in expected])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=6), st.integers(8, 40), st.integers(0, 40))
def test_cutting_twice_moves_one_token_at_most(pairs: list[tuple[str, str]], shorter: int, more: int) -> None:
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    twice = truncate(tokens_of(first, second, shorter + more), shorter)
    once = tokens_of(first, second, shorter)
    assert twice.lengths.tolist() == once.lengths.tolist()
    assert np.abs(twice.first_lengths.astype(int) - once.first_lengths.astype(int)).max() <= 1
    separator = small_tokenizer().token_to_id("[SEP]")
    for row, length in zip(rows_of(twice), twice.first_lengths, strict=True):
        assert row[length - 1] == row[-1] == separator


@pytest.mark.parametrize("max_length", [8, 128, 512])
def test_odd_texts(max_length: int) -> None:
    tokens = tokens_of(ODD, ODD[::-1], max_length)
    assert len(tokens) == len(ODD) and tokens.lengths.max() <= max_length
    separator = small_tokenizer().token_to_id("[SEP]")
    for row, first in zip(rows_of(tokens), tokens.first_lengths, strict=True):
        assert row[0] == small_tokenizer().token_to_id("[CLS]")
        assert row[first - 1] == row[-1] == separator


def test_cut_rows_are_counted_and_progress_reported() -> None:
    examples = Examples(["film " * 20, "film", "film " * 7], None, np.array([1, 0, 1], np.int32))
    reports: list[int] = []
    tokens, cut = tokenize(small_tokenizer(), examples, 8, reports.append)
    assert cut == 2 and reports == [3]
    assert tokens.lengths.tolist() == [8, 3, 8]
    assert tokens.labels.tolist() == [1, 0, 1]
    assert tokens_of(["film " * 20], None, 128).lengths.tolist() == [22]


@pytest.mark.parametrize(("extra", "dtype"), [(0, np.uint16), (70_000, np.uint32)])
def test_files_hold_every_id(tmp_path: Path, extra: int, dtype: type) -> None:
    tokenizer = load_tokenizer(write_vocabulary(tmp_path / "weights", extra))
    last = tokenizer.get_vocab_size() - 1
    examples = Examples(["the film", "good"], None, np.array([0, 1], np.int32))
    tokens, _ = tokenize(tokenizer, examples, 128, lambda rows: None)
    tokens.input_ids[1] = last
    save_tokens(tmp_path / "train.safetensors", tokens)
    loaded = load_tokens(tmp_path / "train.safetensors")
    assert loaded.input_ids.dtype == dtype and loaded.input_ids[1] == last
    for name in ("input_ids", "offsets", "first_lengths", "labels"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(tokens, name))
        assert getattr(loaded, name).dtype == getattr(tokens, name).dtype


def test_damaged_files_name_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "train.safetensors"
    save_tokens(path, tokens_of(["film"], None, 8))
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(InfrastructureError, match=r"remove .* and run again"):
        load_tokens(path)
    with pytest.raises(InfrastructureError, match="cannot read"):
        load_tokens(tmp_path / "absent.safetensors")


def test_real_rows_as_transformers_and_small_in_memory(real_sst2: Path, minilm: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    examples = read_examples(real_sst2 / "dev.tsv", glue("SST-2"))
    tokens, cut = tokenize(load_tokenizer(minilm), examples, 128, lambda rows: None)
    expected = transformers.BertTokenizerFast.from_pretrained(minilm)(examples.text_a, truncation=True, max_length=128)
    assert_same(tokens, expected["input_ids"], expected["token_type_ids"])
    assert cut == 0
    assert round(float(tokens.lengths.mean()), 1) == 25.2
    assert tokens.bytes_per_row < 100
