"""The tokenizer that belongs to a directory of BERT weights."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from tinybert import artifacts
from tinybert.errors import BadInputError

FILE = "tokenizer.json"
VOCABULARY = "vocab.txt"
CONFIG = "tokenizer_config.json"
COPIED = (VOCABULARY, CONFIG, "special_tokens_map.json")
FILES = (FILE, *COPIED)
"""All that a tokenizer may consist of in a Hugging Face directory."""
SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def load_tokenizer(weights: Path) -> Tokenizer:
    """BERT's WordPiece tokenizer from `tokenizer.json`, or else `vocab.txt`; lower case as `tokenizer_config.json` says.

    What the file stores of padding and truncation is switched off: how long a row may be is the task's choice.
    Raises BadInputError when the files are missing, broken, or not a BERT tokenizer's.
    """
    config = _read_config(weights / CONFIG)
    if (weights / FILE).is_file():
        tokenizer = _read(weights / FILE)
    elif (weights / VOCABULARY).is_file():
        tokenizer = _from_vocabulary(weights / VOCABULARY)
    else:
        raise BadInputError(f"{weights} has no {FILE} or {VOCABULARY}: give a Hugging Face directory of a BERT model")
    tokenizer.no_padding()
    tokenizer.no_truncation()
    if isinstance(tokenizer.normalizer, normalizers.BertNormalizer):
        tokenizer.normalizer = _normalizer(json.loads(tokenizer.normalizer.__getstate__()), config)
    if not _is_bert(tokenizer):
        raise BadInputError(
            f"the tokenizer in {weights} is not BERT's ([CLS] A [SEP] B [SEP], segments 0 and 1, [PAD] first in the "
            "vocabulary): give a BERT-family model"
        )
    return tokenizer


def tokens_by_id(tokenizer: Tokenizer) -> list[str]:
    """The vocabulary, each token in its id's place."""
    ids = tokenizer.get_vocab()
    return sorted(ids, key=ids.__getitem__)


def save_tokenizer(tokenizer: Tokenizer, weights: Path, directory: Path) -> None:
    """Write the tokenizer in use and what belongs to it: a directory that transformers' `AutoTokenizer` opens."""

    def write(target: Path) -> None:
        target.mkdir()
        for name in COPIED:
            if (weights / name).is_file():
                shutil.copyfile(weights / name, target / name)
        tokenizer.save(str(target / FILE))
        if not (target / CONFIG).is_file():
            lower_case = json.loads(tokenizer.to_str())["normalizer"].get("lowercase", True)
            artifacts.write_json(target / CONFIG, {"tokenizer_class": "BertTokenizer", "do_lower_case": lower_case})

    artifacts.write_atomically(directory, write)


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise BadInputError(f"{path} is not JSON ({error}): get the weights anew") from None
    if not isinstance(config, dict):
        raise BadInputError(f"{path} holds no JSON object: get the weights anew")
    return config


def _read(path: Path) -> Tokenizer:
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the Rust library raises nothing narrower
        raise BadInputError(f"cannot read the tokenizer {path} ({error}): get the weights anew") from None


def _from_vocabulary(path: Path) -> Tokenizer:
    """BERT's tokenizer as Google published it: https://github.com/google-research/bert/blob/master/tokenization.py"""
    try:
        vocabulary = models.WordPiece.read_file(str(path))
    except Exception as error:  # the Rust library raises nothing narrower
        raise BadInputError(f"cannot read the vocabulary {path} ({error}): get the weights anew") from None
    if missing := [token for token in SPECIAL_TOKENS if token not in vocabulary]:
        raise BadInputError(f"{path} lacks {', '.join(missing)}: it is not a BERT vocabulary")
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL_TOKENS])
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", vocabulary["[SEP]"]), ("[CLS]", vocabulary["[CLS]"]))
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def _is_bert(tokenizer: Tokenizer) -> bool:
    empty_pair = tokenizer.encode("", "")
    framed = empty_pair.tokens == ["[CLS]", "[SEP]", "[SEP]"] and empty_pair.type_ids == [0, 0, 1]
    return framed and tokenizer.token_to_id("[PAD]") == 0


def _normalizer(state: dict[str, Any], config: dict[str, Any]) -> normalizers.BertNormalizer:
    return normalizers.BertNormalizer(
        clean_text=state["clean_text"],
        handle_chinese_chars=config.get("tokenize_chinese_chars", state["handle_chinese_chars"]),
        strip_accents=config.get("strip_accents", state["strip_accents"]),
        lowercase=config.get("do_lower_case", state["lowercase"]),
    )
