"""The student as a directory that serves: Hugging Face layout, checked by loading it again."""

from __future__ import annotations

import numpy as np

from tinybert import artifacts
from tinybert.data import splits
from tinybert.data.tokens import load_tokens
from tinybert.errors import StageError
from tinybert.evaluation import predict
from tinybert.model.bert import Bert
from tinybert.model.config import BertConfig
from tinybert.model.shapes import count_parameters
from tinybert.model.weights import load_weights, save_model
from tinybert.result import Outcome, StageContext
from tinybert.spec import Task

BATCH = 32
# Reloading float32 weights changes nothing; what remains is the engine's own run-to-run rounding.
MAX_LOGIT_DIFFERENCE = 1e-5

CARD = """\
---
library_name: transformers
pipeline_tag: text-classification
---
# TinyBERT {layers}L-{hidden_size}D, distilled on {task}

{encoder:,} encoder parameters ({serving:,} with the head), {output}.
Distilled by TinyBERT Bench with the {engine} engine; scores, timing and provenance stand in the run's report.

```python
from transformers import AutoModelForSequenceClassification, AutoTokenizer

model = AutoModelForSequenceClassification.from_pretrained("student")
tokenizer = AutoTokenizer.from_pretrained("student")
```
"""


def run(context: StageContext) -> Outcome:
    """Raises StageError where the exported directory answers otherwise than the distilled one."""
    spec, out = context.spec, context.out
    source = spec.inputs["distill"] / "model"
    tokenizer = spec.inputs["prepare"] / "tokenizer"
    config, weights, _ = load_weights(source, spec.task.labels, spec.seed)
    target = out / "student"
    save_model(target, config, weights, tokenizer)
    (target / "README.md").write_text(_card(config, spec.task, spec.engine), encoding="utf-8")
    dev = load_tokens(spec.inputs["prepare"] / splits.tokens_file("dev"))
    rows = np.arange(min(len(dev), spec.options["check_rows"]))
    exported_config, exported, _ = load_weights(target, spec.task.labels, spec.seed)
    logits = [
        predict(Bert(*model, spec.device), dev, rows, BATCH)
        for model in ((config, weights), (exported_config, exported))
    ]
    difference = float(np.abs(logits[0] - logits[1]).max())
    if difference > MAX_LOGIT_DIFFERENCE:
        raise StageError(f"the exported student's logits differ by {difference:.2g} from the distilled one's")
    files = {path.name: artifacts.describe(target, path.name) for path in sorted(target.iterdir())}
    return Outcome(
        metrics={"disk_bytes": sum(fact["bytes"] for fact in files.values()), "max_logit_difference": difference},
        artifacts={"student": "student"},
        details={"files": {name: {"sha256": fact["sha256"], "bytes": fact["bytes"]} for name, fact in files.items()}},
    )


def _card(config: BertConfig, task: Task, engine: str) -> str:
    counts = count_parameters(config)
    output = f"labels {', '.join(task.labels)}"
    if task.scores:
        output = f"one score from {task.scores.low:g} to {task.scores.high:g}"
    return CARD.format(
        layers=config.layers,
        hidden_size=config.hidden_size,
        task=task.name,
        encoder=counts["encoder"],
        serving=counts["serving"],
        output=output,
        engine=engine,
    )
