"""A masked language model with random weights, as this project and as Huawei's code read it.

Runs in the environment of the engine torch: OUT TOKENIZER SHAPE SEED.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

from tinybert.augmentation.masked_lm_weights import head_shapes, save_masked_lm
from tinybert.model.config import BertConfig
from tinybert.model.weights import random_weights

SHAPES = {
    "bert-base": BertConfig(layers=12, hidden_size=768, heads=12, intermediate_size=3072, vocab_size=30522),
    "minilm-l6": BertConfig(layers=6, hidden_size=384, heads=12, intermediate_size=1536, vocab_size=30522),
}


def main() -> None:
    out, tokenizer, config, seed = Path(sys.argv[1]), Path(sys.argv[2]), SHAPES[sys.argv[3]], int(sys.argv[4])
    weights = random_weights(config, seed)
    rng = np.random.default_rng(seed)
    for name, shape in head_shapes(config).items():
        start = np.ones(shape) if name.endswith("LayerNorm.weight") else np.zeros(shape)
        drawn = rng.normal(0.0, config.initializer_range, shape) if len(shape) > 1 else start
        weights[name] = drawn.astype(np.float32)
    save_masked_lm(out, config, weights, tokenizer)
    torch.save({name: torch.from_numpy(array.copy()) for name, array in weights.items()}, out / "pytorch_model.bin")
    if not (out / "vocab.txt").exists():
        (out / "vocab.txt").write_bytes((tokenizer / "vocab.txt").read_bytes())


if __name__ == "__main__":
    main()
