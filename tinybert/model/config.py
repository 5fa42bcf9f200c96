"""The shape of a BERT model, read from and written as Hugging Face's config.json."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tinybert.errors import BadInputError

REQUIRED = ("num_hidden_layers", "hidden_size", "num_attention_heads", "intermediate_size", "vocab_size")


@dataclass(frozen=True)
class BertConfig:
    """Devlin et al. 2019, table 1 and appendix; the defaults are bert-base-uncased's."""

    layers: int
    hidden_size: int
    heads: int
    intermediate_size: int
    vocab_size: int
    max_positions: int = 512
    segment_types: int = 2
    layer_norm_eps: float = 1e-12
    hidden_dropout: float = 0.1
    attention_dropout: float = 0.1
    initializer_range: float = 0.02
    pad_token_id: int = 0
    labels: tuple[str, ...] = ("0", "1")

    def __post_init__(self) -> None:
        """Raises BadInputError unless the heads divide the width."""
        if self.hidden_size % self.heads:
            raise BadInputError(f"a model's hidden_size {self.hidden_size} is no multiple of its {self.heads} heads")

    @property
    def head_size(self) -> int:
        return self.hidden_size // self.heads

    def with_labels(self, labels: tuple[str, ...]) -> BertConfig:
        return replace(self, labels=labels)


def read_config(directory: Path) -> BertConfig:
    """Raises BadInputError where config.json is missing, broken, or describes something other than a plain BERT."""
    path = directory / "config.json"
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInputError(f"{directory} holds no config.json: give a Hugging Face model directory") from error
    except (OSError, ValueError) as error:
        raise BadInputError(f"cannot read {path}: {error}") from error
    if not isinstance(raw, dict):
        raise BadInputError(f"{path} holds no JSON object: give a Hugging Face model directory")
    if missing := [name for name in REQUIRED if not isinstance(raw.get(name), int) or raw[name] < 1]:
        raise BadInputError(f"{path} is no BERT configuration: {', '.join(missing)} missing or no positive number")
    unsupported = {
        "model_type": (raw.get("model_type", "bert"), "bert"),
        "hidden_act": (raw.get("hidden_act", "gelu"), "gelu"),
        "position_embedding_type": (raw.get("position_embedding_type", "absolute"), "absolute"),
    }
    for name, (found, supported) in unsupported.items():
        if found != supported:
            raise BadInputError(f"{path}: {name} is {found!r}; this pipeline runs {supported!r} alone")
    id2label = raw.get("id2label") or {"0": "0", "1": "1"}
    return BertConfig(
        layers=raw["num_hidden_layers"],
        hidden_size=raw["hidden_size"],
        heads=raw["num_attention_heads"],
        intermediate_size=raw["intermediate_size"],
        vocab_size=raw["vocab_size"],
        max_positions=raw.get("max_position_embeddings", 512),
        segment_types=raw.get("type_vocab_size", 2),
        layer_norm_eps=raw.get("layer_norm_eps", 1e-12),
        hidden_dropout=raw.get("hidden_dropout_prob", 0.1),
        attention_dropout=raw.get("attention_probs_dropout_prob", 0.1),
        initializer_range=raw.get("initializer_range", 0.02),
        pad_token_id=raw.get("pad_token_id") or 0,
        labels=tuple(id2label[key] for key in sorted(id2label, key=int)),
    )


def as_hugging_face(config: BertConfig) -> dict[str, Any]:
    """What `AutoModelForSequenceClassification` needs to open the directory."""
    return {
        "architectures": ["BertForSequenceClassification"],
        "model_type": "bert",
        "num_hidden_layers": config.layers,
        "hidden_size": config.hidden_size,
        "num_attention_heads": config.heads,
        "intermediate_size": config.intermediate_size,
        "vocab_size": config.vocab_size,
        "max_position_embeddings": config.max_positions,
        "type_vocab_size": config.segment_types,
        "layer_norm_eps": config.layer_norm_eps,
        "hidden_dropout_prob": config.hidden_dropout,
        "attention_probs_dropout_prob": config.attention_dropout,
        "initializer_range": config.initializer_range,
        "pad_token_id": config.pad_token_id,
        "hidden_act": "gelu",
        "position_embedding_type": "absolute",
        # transformers gives a regression's output as it is, and squashes a single unnamed one.
        "problem_type": "regression" if len(config.labels) == 1 else "single_label_classification",
        "id2label": {str(index): label for index, label in enumerate(config.labels)},
        "label2id": {label: index for index, label in enumerate(config.labels)},
        "torch_dtype": "float32",
    }
