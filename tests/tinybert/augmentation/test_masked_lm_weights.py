from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests.tinybert.augmentation.heads import CONFIG, masked_lm
from tests.tinybert.tiny import write_weights
from tinybert.augmentation.masked_lm_weights import (
    BIAS,
    DECODER,
    DENSE,
    HEAD,
    WORDS,
    decoder_of,
    masked_lm_weights,
    save_masked_lm,
)
from tinybert.errors import BadInputError
from tinybert.model.weights import FILE, Weights


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    write_weights(tmp_path / "classifier", CONFIG)
    save_masked_lm(tmp_path / "model", CONFIG, masked_lm(), tmp_path / "classifier")
    return tmp_path / "model"


def same(found: Weights, expected: Weights) -> None:
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


def test_saved_and_loaded_weights_are_the_same(directory: Path) -> None:
    _, weights, has_head = masked_lm_weights(directory)
    assert has_head
    same(weights, masked_lm())
    assert decoder_of(weights) is weights[WORDS]


def test_a_classifier_has_no_head(directory: Path) -> None:
    config, weights, has_head = masked_lm_weights(directory.with_name("classifier"))
    assert (config.hidden_size, has_head) == (32, False)
    assert weights.keys() == {name for name in masked_lm() if not name.startswith(HEAD)}


def test_old_names_and_a_bare_encoder(directory: Path) -> None:
    arrays = {
        name.removeprefix("bert.").replace("Norm.weight", "Norm.gamma").replace("Norm.bias", "Norm.beta"): array
        for name, array in masked_lm().items()
    }
    save_file(arrays, directory / FILE)
    _, weights, has_head = masked_lm_weights(directory)
    assert has_head
    same(weights, masked_lm())


@pytest.mark.parametrize("difference", [0, 1])
def test_a_decoder_counts_where_it_is_not_the_word_embeddings(directory: Path, difference: int) -> None:
    decoder = masked_lm()[WORDS] + np.float32(difference)
    save_file(masked_lm() | {DECODER: decoder}, directory / FILE)
    _, weights, _ = masked_lm_weights(directory)
    same(weights, masked_lm() | ({DECODER: decoder} if difference else {}))
    np.testing.assert_array_equal(decoder_of(weights), decoder)


def test_a_head_of_which_a_part_is_missing(directory: Path) -> None:
    weights = load_file(directory / FILE)
    del weights[f"{DENSE}.bias"]
    save_file(weights, directory / FILE)
    with pytest.raises(BadInputError, match=r"head without cls\.predictions\.transform\.dense\.bias"):
        masked_lm_weights(directory)


def test_shapes_that_contradict_the_config(directory: Path) -> None:
    save_file(masked_lm() | {BIAS: np.zeros(7, np.float32)}, directory / FILE)
    with pytest.raises(BadInputError, match=r"cls\.predictions\.bias has the shape \(7,\), config.json says \(200,\)"):
        masked_lm_weights(directory)


@pytest.mark.engine("torch")
def test_transformers_opens_what_is_saved(directory: Path) -> None:
    transformers = pytest.importorskip("transformers")
    theirs, report = transformers.BertForMaskedLM.from_pretrained(directory, output_loading_info=True)
    assert not any(report.values())
    state = theirs.state_dict()
    np.testing.assert_array_equal(state[DECODER].numpy(), masked_lm()[WORDS])
    for name, array in masked_lm().items():
        np.testing.assert_array_equal(state[name].numpy(), array, err_msg=name)
    assert transformers.AutoTokenizer.from_pretrained(directory).mask_token_id == 4


@pytest.mark.engine("torch")
@pytest.mark.parametrize("kind", ["BertModel", "BertForPreTraining", "BertForMaskedLM"])
def test_loads_what_transformers_saves(tmp_path: Path, kind: str) -> None:
    transformers = pytest.importorskip("transformers")
    config = transformers.BertConfig(
        num_hidden_layers=2, hidden_size=32, num_attention_heads=4, intermediate_size=64, vocab_size=200
    )
    theirs = getattr(transformers, kind)(config)
    theirs.save_pretrained(tmp_path)
    _, weights, has_head = masked_lm_weights(tmp_path)
    assert has_head == (kind != "BertModel")
    assert DECODER not in weights
    state = {name: tensor.numpy() for name, tensor in theirs.state_dict().items()}
    for name, array in weights.items():
        np.testing.assert_array_equal(array, state[name.removeprefix("bert.") if kind == "BertModel" else name])
