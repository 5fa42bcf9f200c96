"""The weights of a masked language model: an encoder's and those of its head, read from and written to Hugging Face directories."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tinybert.errors import BadInputError
from tinybert.model.config import BertConfig, as_hugging_face, read_config
from tinybert.model.shapes import parameter_shapes
from tinybert.model.weights import Weights, checked, read_arrays, write_model

HEAD = "cls.predictions."
DENSE, NORM, BIAS = HEAD + "transform.dense", HEAD + "transform.LayerNorm", HEAD + "bias"
DECODER = HEAD + "decoder.weight"
"""Absent where the decoder is the table of word embeddings, as in BERT."""
DECODER_BIAS = HEAD + "decoder.bias"
"""Another name of `BIAS`, in directories that newer transformers wrote."""
WORDS = "bert.embeddings.word_embeddings.weight"
# What BertForMaskedLM has no use for.
NOT_READ = ("bert.pooler.", "classifier.")


def head_shapes(config: BertConfig) -> dict[str, tuple[int, ...]]:
    """Of a head whose decoder is tied."""
    h = config.hidden_size
    return {
        f"{DENSE}.weight": (h, h),
        f"{DENSE}.bias": (h,),
        f"{NORM}.weight": (h,),
        f"{NORM}.bias": (h,),
        BIAS: (config.vocab_size,),
    }


def decoder_of(weights: Mapping[str, np.ndarray]) -> np.ndarray:
    """[V, H], by which a state at a position becomes the scores of the vocabulary."""
    return weights.get(DECODER, weights[WORDS])


def masked_lm_weights(directory: Path) -> tuple[BertConfig, Weights, bool]:
    """A BERT directory's shape, its encoder without the pooler, its head, and whether it has one.

    Takes names with or without `bert.`, old and new ones, safetensors or `pytorch_model.bin`; a decoder of its own is kept where it is
    not the table of word embeddings. Raises BadInputError for missing or broken files, missing encoder weights, a head of which a part
    is missing, and shapes that contradict config.json.
    """
    config = read_config(directory)
    found = read_arrays(directory)
    if DECODER_BIAS in found:
        found.setdefault(BIAS, found[DECODER_BIAS])
    encoder = {name: shape for name, shape in parameter_shapes(config).items() if not name.startswith(NOT_READ)}
    weights = {name: checked(found, name, shape, directory) for name, shape in encoder.items()}
    head = head_shapes(config)
    if not head.keys() & found.keys():
        return config, weights, False
    if missing := head.keys() - found.keys():
        raise BadInputError(
            f"{directory} has a masked-language-model head without {', '.join(sorted(missing))}: is the download complete?"
        )
    weights |= {name: checked(found, name, shape, directory) for name, shape in head.items()}
    if DECODER in found:
        decoder = checked(found, DECODER, (config.vocab_size, config.hidden_size), directory)
        if not np.array_equal(decoder, weights[WORDS]):
            weights[DECODER] = decoder
    return config, weights, True


def save_masked_lm(directory: Path, config: BertConfig, weights: Weights, tokenizer: Path) -> None:
    """Write a directory that `BertForMaskedLM` and `AutoTokenizer` open, of a tied decoder; it appears whole or not at all."""
    raw = as_hugging_face(config) | {"architectures": ["BertForMaskedLM"], "tie_word_embeddings": True}
    for name in ("problem_type", "id2label", "label2id"):
        del raw[name]
    write_model(directory, raw, weights, tokenizer)
