"""Huawei's published `data_augmentation.py`, unchanged, on given rows: seconds and candidates of each sentence. Prints JSON.

Runs in the environment of the engine torch (`test_augmentation.py` starts it) as: CODE FOLDER MODEL THREADS. CODE is the folder `TinyBERT`
of https://github.com/huawei-noah/Pretrained-Language-Model; FOLDER holds `SST-2/train.tsv`; MODEL is a directory with `pytorch_model.bin`.
The script's word vectors are one word that no sentence has, so that words of several pieces stay what they are and cost nothing: only the
language model is timed. What the script imports and does not need here is replaced by empty modules where it is missing; `np.Inf`, gone
from NumPy 2, is given back.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from published_distillation import replace_missing_modules

VECTORS = "no-such-word 1.0\n"


def main() -> None:
    code, folder, model, threads = sys.argv[1:]
    replace_missing_modules()
    sys.path.insert(0, code)
    import numpy as np

    if not hasattr(np, "Inf"):
        np.Inf = np.inf  # type: ignore[attr-defined]
    import data_augmentation as published  # type: ignore[import-not-found]
    import torch

    torch.set_num_threads(int(threads))
    vectors = Path(folder) / "vectors.txt"
    vectors.write_text(VECTORS, encoding="utf-8")
    seconds: list[float] = []
    found: list[dict[int, list[str]]] = []
    augment, augment_word = published.DataAugmentor.augment, published.DataAugmentor._word_augment

    def timed(augmentor: Any, sentence: str) -> Any:
        found.append({})
        started = time.perf_counter()
        result = augment(augmentor, sentence)
        seconds.append(time.perf_counter() - started)
        return result

    def noted(augmentor: Any, sentence: str, index: int, word: str) -> Any:
        found[-1][index] = augment_word(augmentor, sentence, index, word)
        return found[-1][index]

    published.DataAugmentor.augment, published.DataAugmentor._word_augment = timed, noted
    sys.argv = [
        "data_augmentation.py", "--pretrained_bert_model", model, "--glove_embs", str(vectors), "--glue_dir", folder,
        "--task_name", "SST-2",
    ]  # fmt: skip
    published.main()
    print(json.dumps({"sentence_s": seconds, "candidates": found}))


if __name__ == "__main__":
    main()
