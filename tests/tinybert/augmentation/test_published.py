"""The candidates of the published reading against its algorithm run word by word with transformers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.tinybert.tiny import Project
from tinybert.augmentation.candidates import Choice, Frame
from tinybert.augmentation.drawing import Counts
from tinybert.augmentation.masked_lm import MaskedLM
from tinybert.augmentation.masked_lm_weights import masked_lm_weights
from tinybert.augmentation.published import PublishedCandidates
from tinybert.augmentation.words import Words, eligible
from tinybert.data.tokenizer import load_tokenizer

COUNT = 6
OPTIONS = {"candidates_per_word": COUNT, "batch_tokens": 512}
NEAR = {"zebra": ("horse", "pony"), "oddish": ()}
TEXTS = [
    "a great film , it is not dull",
    "GREAT zebra plot : oddish acting",
    "great " * 40,
    "film",
    "",
]


@pytest.fixture(scope="module")
def model_directory(project: Project) -> Path:
    project.need("prepare")
    out = project.root / "for-candidates"
    if not (out / "result.json").exists():
        project.run("augment", out, options={"samples": 1})
    return out / "masked-lm" / "model"


def test_as_transformers_word_by_word(project: Project, model_directory: Path, tmp_path: Path) -> None:
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    theirs = transformers.BertForMaskedLM.from_pretrained(model_directory).eval()
    pieces = transformers.BertTokenizer.from_pretrained(model_directory)
    most = theirs.config.max_position_embeddings

    def candidates(text: str, word: str, place: int) -> list[str]:
        """`_word_augment` of the published script; `place`: the word's number in the sentence."""
        tokens = ["[CLS]", *pieces.tokenize(text)]
        begins = [n for n, token in enumerate(tokens) if n and not token.startswith("##")]
        ends = [*begins[1:], len(tokens)]
        begin, end = begins[place], ends[place]
        if end - begin > 1:
            return list(NEAR.get(word, ()))
        if begin >= most:
            return []
        masked = [*tokens[:begin], "[MASK]", *tokens[begin + 1 :], "[SEP]"]
        row = [*masked, *tokens[1:], "[SEP]"][:most]
        segments = ([0] * len(masked) + [1] * len(tokens))[: len(row)]
        ids = torch.tensor([pieces.convert_tokens_to_ids(row)])
        with torch.no_grad():
            scores = theirs(ids, token_type_ids=torch.tensor([segments])).logits[0, begin]
        best = pieces.convert_ids_to_tokens(torch.argsort(scores, descending=True)[:COUNT].tolist())
        return [token for token in best if not token.startswith("##")]

    tokenizer = load_tokenizer(project.root / "prepare" / "tokenizer")
    config, weights, has_head = masked_lm_weights(model_directory)
    assert has_head
    words = Words(tokenizer)
    vocabulary = [token for token, _ in sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])]
    choice = Choice(words, NEAR, vocabulary, with_model=True, keep_special=True)
    cls, sep, mask = (tokenizer.get_vocab()[token] for token in ("[CLS]", "[SEP]", "[MASK]"))
    found = PublishedCandidates(choice, Frame(cls, sep, mask, config.max_positions), tmp_path)
    found.compute(MaskedLM(config, weights, "cpu", "float32"), TEXTS, OPTIONS, lambda done: None)
    counts = Counts()
    for number, text in enumerate(TEXTS):
        sentence = words.split(text)
        ours = found.of(number, sentence, counts)
        expected = {
            place: candidates(text, word, place) or [word] for place, word in enumerate(sentence) if eligible(word)
        }
        assert {place: list(each) for place, each in ours.items()} == expected
    assert counts.candidates["none"] >= 40 - most + 1 and counts.candidates["vectors"] == 1


def test_words() -> None:
    kept = [word for word in ("film", "the", "Won", "it's", "caf\u00e9", "b2b", "X", "couldn") if eligible(word)]
    assert kept == ["film", "X"]
    assert np.all([not eligible(word) for word in ("they", "their", "wouldn't", "'s")])
