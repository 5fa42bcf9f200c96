from __future__ import annotations

import json
from pathlib import Path

import pytest
from tokenizers import processors

from tests.tinybert.data.conftest import write_vocabulary
from tinybert.data.tokenizer import load_tokenizer, save_tokenizer
from tinybert.errors import BadInputError

TEXTS = ["The Film is GOOD", "", "  movieing é 中中 \t \U0001f600 ", "[SEP] a [MASK]", "naïve?! 'x'"]


def test_stored_padding_and_truncation_are_switched_off(vocabulary: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(vocabulary)
    tokenizer.enable_padding(length=12)
    tokenizer.enable_truncation(4)
    stored = tmp_path / "stored"
    stored.mkdir()
    tokenizer.save(str(stored / "tokenizer.json"))
    assert (
        load_tokenizer(stored).encode("the film is good the film").ids
        == load_tokenizer(vocabulary).encode("the film is good the film").ids
    )
    assert len(load_tokenizer(stored).encode("the film is good the film").ids) == 8
    assert len(load_tokenizer(stored).encode("the").ids) == 3


@pytest.mark.parametrize("lower_case", [True, False])
@pytest.mark.parametrize("stored", [True, False], ids=["tokenizer.json", "vocab.txt"])
def test_lower_case_is_as_the_configuration_says(
    vocabulary: Path, tmp_path: Path, lower_case: bool, stored: bool
) -> None:
    weights = vocabulary
    if stored:
        weights = tmp_path / "stored"
        weights.mkdir()
        load_tokenizer(vocabulary).save(str(weights / "tokenizer.json"))
    (weights / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": lower_case}))
    tokens = load_tokenizer(weights).encode("Good").tokens
    assert tokens == ["[CLS]", "good" if lower_case else "Good", "[SEP]"]


def test_saved_files_open_in_transformers_with_the_same_ids(vocabulary: Path, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    tokenizer = load_tokenizer(vocabulary)
    save_tokenizer(tokenizer, vocabulary, tmp_path / "tokenizer")
    save_tokenizer(tokenizer, vocabulary, tmp_path / "tokenizer")  # over itself
    opened = transformers.AutoTokenizer.from_pretrained(tmp_path / "tokenizer")
    assert opened(TEXTS)["input_ids"] == [tokenizer.encode(text).ids for text in TEXTS]
    assert opened.pad_token_id == 0
    reference = transformers.BertTokenizerFast(str(vocabulary / "vocab.txt"))
    assert reference(TEXTS)["input_ids"] == [tokenizer.encode(text).ids for text in TEXTS]


def test_the_files_of_pretrained_weights_are_kept(minilm: Path, tmp_path: Path) -> None:
    save_tokenizer(load_tokenizer(minilm), minilm, tmp_path / "tokenizer")
    names = {path.name for path in (tmp_path / "tokenizer").iterdir()}
    assert names == {"tokenizer.json", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json"}
    assert (tmp_path / "tokenizer" / "vocab.txt").read_bytes() == (minilm / "vocab.txt").read_bytes()
    stored = json.loads((tmp_path / "tokenizer" / "tokenizer.json").read_text(encoding="utf-8"))
    assert stored["padding"] is None and stored["truncation"] is None


def test_missing_and_broken_files(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"has no tokenizer\.json or vocab\.txt"):
        load_tokenizer(tmp_path)
    (tmp_path / "vocab.txt").write_text("the\nfilm\n")
    with pytest.raises(BadInputError, match=r"lacks \[PAD\], \[UNK\]"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(BadInputError, match=r"cannot read the tokenizer .*tokenizer\.json"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text("{")
    with pytest.raises(BadInputError, match="is not JSON"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text("[]")
    with pytest.raises(BadInputError, match="no JSON object"):
        load_tokenizer(tmp_path)
    (tmp_path / "tokenizer_config.json").unlink()
    (tmp_path / "tokenizer.json").unlink()
    (tmp_path / "vocab.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInputError, match="vocab"):
        load_tokenizer(tmp_path)


def test_another_family_is_refused(vocabulary: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(vocabulary)
    ids = {token: tokenizer.token_to_id(token) for token in ("[CLS]", "[SEP]")}
    tokenizer.post_processor = processors.RobertaProcessing(("[SEP]", ids["[SEP]"]), ("[CLS]", ids["[CLS]"]))
    roberta = tmp_path / "roberta"
    roberta.mkdir()
    tokenizer.save(str(roberta / "tokenizer.json"))
    with pytest.raises(BadInputError, match="is not BERT's"):
        load_tokenizer(roberta)
    shifted = write_vocabulary(tmp_path / "shifted")
    (shifted / "vocab.txt").write_text("zero\n" + (shifted / "vocab.txt").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(BadInputError, match=r"\[PAD\] first"):
        load_tokenizer(shifted)
