from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests.tinybert.tiny import TEACHER, batch_of, write_weights
from tinybert import engine as E
from tinybert.errors import BadInputError
from tinybert.model.bert import Bert
from tinybert.model.config import read_config
from tinybert.model.shapes import parameter_shapes
from tinybert.model.weights import FILE, Weights, load_weights, random_weights

LABELS = ("negative", "positive")
CONFIG = TEACHER.with_labels(LABELS)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    write_weights(tmp_path / "model", CONFIG)
    return tmp_path / "model"


def replace_weights(directory: Path, weights: Weights) -> None:
    save_file(weights, directory / FILE)


def change_config(directory: Path, **changes: object) -> None:
    path = directory / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes), encoding="utf-8")


def test_saved_and_loaded_weights_are_the_same(tmp_path: Path) -> None:
    saved = write_weights(tmp_path / "model", CONFIG)
    config, loaded, drawn = load_weights(tmp_path / "model", LABELS, seed=3)
    assert config == CONFIG
    assert drawn == []
    assert saved.keys() == loaded.keys()
    for name, array in saved.items():
        assert loaded[name].dtype == np.float32
        np.testing.assert_array_equal(loaded[name], array)


def test_a_model_gives_back_its_weights() -> None:
    weights = random_weights(CONFIG, seed=1)
    for name, array in Bert(CONFIG, weights, "cpu").weights().items():
        np.testing.assert_array_equal(array, weights[name])


def test_random_weights_are_berts() -> None:
    weights = random_weights(CONFIG, seed=1)
    assert {name: array.shape for name, array in weights.items()} == parameter_shapes(CONFIG)
    for name, array in weights.items():
        if name.endswith(".bias"):
            assert not array.any()
        elif "LayerNorm" in name:
            assert (array == 1).all()
        elif array.size >= 1000:
            assert array.std() == pytest.approx(0.02, rel=0.1)
    other = random_weights(CONFIG, seed=2)
    assert not np.array_equal(weights["classifier.weight"], other["classifier.weight"])


def test_bare_encoder_without_prefix_gets_a_drawn_head(directory: Path) -> None:
    weights = load_file(directory / FILE)
    bare = {name.removeprefix("bert."): array for name, array in weights.items() if name.startswith("bert.")}
    replace_weights(directory, bare)
    _, loaded, drawn = load_weights(directory, LABELS, seed=3)
    assert drawn == ["classifier.weight", "classifier.bias"]
    np.testing.assert_array_equal(loaded["classifier.weight"], random_weights(CONFIG, 3)["classifier.weight"])
    for name in bare:
        np.testing.assert_array_equal(loaded[f"bert.{name}"], bare[name])


def test_missing_pooler_is_drawn_and_named(directory: Path) -> None:
    weights = {name: array for name, array in load_file(directory / FILE).items() if "pooler" not in name}
    replace_weights(directory, weights)
    _, loaded, drawn = load_weights(directory, LABELS, seed=3)
    assert drawn == ["bert.pooler.dense.weight", "bert.pooler.dense.bias"]
    assert loaded.keys() == parameter_shapes(CONFIG).keys()


def test_old_names_and_pretraining_heads(directory: Path) -> None:
    """As in bert-base-uncased: gamma and beta, a masked-language-model head, position ids as a buffer."""
    weights = load_file(directory / FILE)
    old = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): array
        for name, array in weights.items()
        if not name.startswith("classifier")
    }
    old["cls.predictions.bias"] = np.zeros(200, np.float32)
    old["cls.seq_relationship.weight"] = np.zeros((2, 32), np.float32)
    old["bert.embeddings.position_ids"] = np.arange(32)[None, :]
    replace_weights(directory, old)
    _, loaded, drawn = load_weights(directory, LABELS, seed=3)
    assert drawn == ["classifier.weight", "classifier.bias"]
    assert loaded.keys() == weights.keys()
    for name in weights.keys() - set(drawn):
        np.testing.assert_array_equal(loaded[name], weights[name])


def test_data_parallel_prefix_and_half_precision(directory: Path) -> None:
    weights = load_file(directory / FILE)
    replace_weights(directory, {f"module.{name}": array.astype(np.float16) for name, array in weights.items()})
    _, loaded, drawn = load_weights(directory, LABELS, seed=3)
    assert drawn == []
    name = "bert.pooler.dense.weight"
    np.testing.assert_array_equal(loaded[name], weights[name].astype(np.float16).astype(np.float32))


def test_head_for_other_labels_is_drawn(directory: Path) -> None:
    config, loaded, drawn = load_weights(directory, ("a", "b", "c"), seed=3)
    assert config.labels == ("a", "b", "c")
    assert drawn == ["classifier.weight", "classifier.bias"]
    assert loaded["classifier.weight"].shape == (3, 32)


def test_missing_config(directory: Path) -> None:
    (directory / "config.json").unlink()
    with pytest.raises(BadInputError, match=r"no config\.json"):
        load_weights(directory, LABELS, 0)


def test_missing_weights(directory: Path) -> None:
    (directory / FILE).unlink()
    with pytest.raises(BadInputError, match=r"neither model\.safetensors nor pytorch_model\.bin"):
        load_weights(directory, LABELS, 0)


@pytest.mark.parametrize("kept", [0, 4, 100, -1])
def test_truncated_weights(directory: Path, kept: int) -> None:
    path = directory / FILE
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(BadInputError, match=r"model\.safetensors is damaged.*fetch it again"):
        load_weights(directory, LABELS, 0)


def test_lacking_encoder_weight(directory: Path) -> None:
    weights = load_file(directory / FILE)
    del weights["bert.encoder.layer.1.output.dense.bias"]
    replace_weights(directory, weights)
    with pytest.raises(BadInputError, match=r"lacks the weight bert\.encoder\.layer\.1\.output\.dense\.bias"):
        load_weights(directory, LABELS, 0)


def test_shapes_that_contradict_the_config(directory: Path) -> None:
    change_config(directory, intermediate_size=65)
    with pytest.raises(BadInputError, match=r"intermediate\.dense\.weight has the shape \(64, 32\).*says \(65, 32\)"):
        load_weights(directory, LABELS, 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "roberta"}, "model_type is 'roberta'"),
        ({"hidden_act": "relu"}, "hidden_act is 'relu'"),
        ({"position_embedding_type": "relative_key"}, "position_embedding_type is 'relative_key'"),
        ({"num_attention_heads": 5}, "hidden_size 32 is no multiple of its 5 heads"),
        ({"num_attention_heads": 0}, "num_attention_heads missing or no positive number"),
        ({"hidden_size": "32"}, "hidden_size missing or no positive number"),
    ],
)
def test_unsupported_config(directory: Path, change: dict[str, object], message: str) -> None:
    change_config(directory, **change)
    with pytest.raises(BadInputError, match=message):
        read_config(directory)


@pytest.mark.parametrize("text", ["", "{", "[]", "3"])
def test_broken_config(directory: Path, text: str) -> None:
    (directory / "config.json").write_text(text)
    with pytest.raises(BadInputError, match=r"config\.json"):
        read_config(directory)


def test_failed_save_leaves_the_old_model(directory: Path) -> None:
    from tinybert.model.weights import save_model

    before = (directory / FILE).read_bytes()
    unsavable = {"classifier.weight": np.array([object()])}
    with pytest.raises(Exception, match="object"):
        save_model(directory, CONFIG, unsavable, directory)
    assert (directory / FILE).read_bytes() == before
    assert [path.name for path in directory.parent.iterdir() if "partial" in path.name] == []


def test_rows_longer_than_the_position_table_are_bad_input() -> None:
    model = Bert(replace(CONFIG, max_positions=8), random_weights(replace(CONFIG, max_positions=8), 1), "cpu")
    with pytest.raises(BadInputError, match="a row of 9 tokens, but the model has 8 positions"):
        model.forward(batch_of([9, 3], 9))


@pytest.mark.engine("torch")
def test_transformers_opens_what_is_saved(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    import torch

    weights = write_weights(tmp_path / "model", CONFIG)
    theirs, report = transformers.AutoModelForSequenceClassification.from_pretrained(
        tmp_path / "model", output_loading_info=True
    )
    assert not any(report.values())
    assert theirs.config.id2label == {0: "negative", 1: "positive"}
    batch = batch_of([12, 5, 9], 12)
    names = {"input_ids": "input_ids", "attention_mask": "attention_mask", "segment_ids": "token_type_ids"}
    with torch.no_grad():
        expected = theirs.eval()(**{name: torch.tensor(getattr(batch, ours)) for ours, name in names.items()}).logits
    with E.no_grad():
        found = Bert(CONFIG, weights, "cpu").forward(batch).logits
    assert found is not None
    np.testing.assert_allclose(E.to_numpy(found), expected.numpy(), atol=1e-5)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "model")
    assert tokenizer.decode(tokenizer("A LOVELY film")["input_ids"]) == "[CLS] a lovely film [SEP]"


@pytest.mark.engine("torch")
@pytest.mark.parametrize(
    "kind", ["BertModel", "BertForPreTraining", "BertForMaskedLM", "BertForSequenceClassification"]
)
def test_loads_what_transformers_saves(tmp_path: Path, kind: str) -> None:
    transformers = pytest.importorskip("transformers")
    config = transformers.BertConfig(
        num_hidden_layers=2, hidden_size=32, num_attention_heads=4, intermediate_size=64, vocab_size=200, num_labels=3
    )
    theirs = getattr(transformers, kind)(config)
    theirs.save_pretrained(tmp_path)
    _, loaded, drawn = load_weights(tmp_path, ("a", "b", "c"), seed=3)
    state = {name: tensor.numpy() for name, tensor in theirs.state_dict().items()}
    prefix = "" if kind == "BertModel" else "bert."
    for name in loaded.keys() - set(drawn):
        np.testing.assert_array_equal(
            loaded[name], state[prefix + name.removeprefix("bert.") if "bert." in name else name]
        )
    expected_drawn = {
        "BertModel": ["classifier"],
        "BertForPreTraining": ["classifier"],
        "BertForMaskedLM": ["bert.pooler.dense", "classifier"],
        "BertForSequenceClassification": [],
    }[kind]
    assert drawn == [f"{name}.{part}" for name in expected_drawn for part in ("weight", "bias")]
