"""A BERT-base teacher and a TinyBERT-4L student with random weights, as this project and as Huawei's code read them.

Runs in the environment of the engine torch: OUT TOKENIZER DROPOUT SEED. Both hold the same weights, the projection included: Huawei's
`fit_dense` is what the stage distill draws for the seed.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import torch

from tinybert import engine as E
from tinybert.model.config import BertConfig
from tinybert.model.weights import random_weights, save_model
from tinybert.training.distillation import new_projection

SHAPES = {
    "teacher": BertConfig(layers=12, hidden_size=768, heads=12, intermediate_size=3072, vocab_size=30522),
    "student": BertConfig(layers=4, hidden_size=312, heads=12, intermediate_size=1200, vocab_size=30522),
}


def main() -> None:
    out, tokenizer, dropout, seed = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    for number, (role, shape) in enumerate(SHAPES.items()):
        config = replace(shape, hidden_dropout=dropout, attention_dropout=dropout)
        weights = random_weights(config, seed + number)
        save_model(out / role / "model", config, weights, tokenizer)
        published = {name: torch.from_numpy(array.copy()) for name, array in weights.items()}
        if role == "student":
            drawn = new_projection(config, SHAPES["teacher"], seed, "cpu")
            for name, parameter in drawn.items():
                published[name.replace("projection", "fit_dense")] = torch.from_numpy(E.to_numpy(parameter).copy())
        torch.save(published, out / role / "model" / "pytorch_model.bin")


if __name__ == "__main__":
    main()
