"""Huawei's published `task_distill.py`, unchanged, on given models and rows: seconds of each step, and its losses. Prints JSON.

Runs in the environment of the engine torch (`test_training_speed.py` starts it) as: CODE DATA TEACHER STUDENT OUT STEPS. CODE is the folder
`TinyBERT` of https://github.com/huawei-noah/Pretrained-Language-Model; the models are directories with `pytorch_model.bin`. What the
script imports and does not need here (boto3 for downloads, scikit-learn for metrics) is replaced by empty modules where it is missing.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

UNUSED = {
    "boto3": (),
    "requests": (),
    "botocore": (),
    "botocore.exceptions": ("ClientError",),
    "sklearn": (),
    "sklearn.metrics": ("matthews_corrcoef", "f1_score"),
}


def replace_missing_modules() -> None:
    missing = {name for name in UNUSED if "." not in name and importlib.util.find_spec(name) is None}
    for name, attributes in UNUSED.items():
        if name.split(".")[0] in missing:
            sys.modules[name] = ModuleType(name)
            for attribute in attributes:
                setattr(sys.modules[name], attribute, Exception)


def main() -> None:
    code, data, teacher, student, out, steps = sys.argv[1:]
    replace_missing_modules()
    sys.path.insert(0, code)
    import task_distill  # type: ignore[import-not-found]
    import torch

    torch.set_num_threads(2)
    ends: list[float] = []
    published = task_distill.BertAdam.step

    def step(optimizer: Any, closure: Any = None) -> Any:
        result = published(optimizer, closure)
        ends.append(time.perf_counter())
        return result

    task_distill.BertAdam.step = step
    # `eval_step` of one more than the steps: the losses are written once, at the last step.
    sys.argv = [
        "task_distill.py", "--data_dir", data, "--teacher_model", teacher, "--student_model", student, "--output_dir", out,
        "--task_name", "SST-2", "--do_lower_case", "--num_train_epochs", "1", "--eval_step", str(int(steps) + 1), "--no_cuda",
    ]  # fmt: skip
    task_distill.main()
    written = (Path(out) / "eval_results.txt").read_text(encoding="utf-8")
    losses = dict(line.split(" = ") for line in written.splitlines() if " = " in line)
    seconds = [later - earlier for earlier, later in itertools.pairwise(ends)]
    print(json.dumps({"step_s": seconds, "losses": {name: float(value) for name, value in losses.items()}}))


if __name__ == "__main__":
    main()
