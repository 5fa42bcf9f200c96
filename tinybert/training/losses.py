"""TinyBERT's objectives as pure functions. Shapes: B batch, L padded length, A heads, d width, C labels.

Three forms of the layer losses, chosen by name (formulas: docs/pipeline.md):

- `masked-scores`, this project's default: attention scores before the softmax, as the paper says (Jiao et al. 2020, eq. 7),
  and means over real tokens alone, so that padding changes nothing;
- `padded-scores`: Huawei's code: scores of padded keys set to 0, means over the padded batch;
- `probabilities`: OneFlow's published code: attention after the softmax, means over the padded batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tinybert import engine as E
from tinybert.data.batches import Batch
from tinybert.model.bert import MASKED_SCORE, Output

OBJECTIVES = ("masked-scores", "padded-scores", "probabilities")


@dataclass(frozen=True)
class Masks:
    """The batch's real positions as float32 weights on the device, with their counts.

    tokens: [B, L]; keys: [B, 1, 1, L], 1 at real keys; pairs: [B, 1, L, L], 1 where query and key are both real.
    """

    tokens: E.Tensor
    keys: E.Tensor
    pairs: E.Tensor
    token_count: int
    pair_count: int

    @staticmethod
    def of(batch: Batch, device: str) -> Masks:
        real = batch.attention_mask.astype(np.float32)
        pairs = real[:, None, :, None] * real[:, None, None, :]
        lengths = batch.attention_mask.sum(axis=1)
        return Masks(
            tokens=E.tensor(real, device),
            keys=E.tensor(np.ascontiguousarray(real[:, None, None, :]), device),
            pairs=E.tensor(pairs, device),
            token_count=int(lengths.sum()),
            pair_count=int((lengths * lengths).sum()),
        )


def hidden_loss(objective: str, student: E.Tensor, teacher: E.Tensor, masks: Masks) -> E.Tensor:
    """Mean squared error of hidden states [B, L, d], the student's already projected to the teacher's width (eq. 8 and 9).

    `masked-scores`: mean over real tokens and d; else over all B L d.
    """
    squares = squared(student - teacher).mean(-1)
    if objective == "masked-scores":
        return (squares * masks.tokens).sum() / float(masks.token_count)
    return squares.mean()


def attention_loss(objective: str, student: E.Tensor, teacher: E.Tensor, masks: Masks) -> E.Tensor:
    """Mean squared error of attention, from scores [B, A, L, L] before mask and softmax (eq. 7).

    Where the numbers of heads differ, the means over the heads are compared (this project's choice; the paper has equal heads).
    """
    if student.shape[1] != teacher.shape[1]:
        student, teacher = student.mean(1, keepdim=True), teacher.mean(1, keepdim=True)
    if objective == "masked-scores":
        squares = squared(student - teacher).mean(1, keepdim=True)
        return (squares * masks.pairs).sum() / float(masks.pair_count)
    if objective == "padded-scores":
        # Huawei adds the mask (-10000 at padded keys) and then sets what is <= -100 to 0: padded keys count as equal.
        return (squared(student - teacher).mean(1, keepdim=True) * masks.keys).mean()
    bias = (1.0 - masks.keys) * MASKED_SCORE
    return squared(E.softmax(student + bias) - E.softmax(teacher + bias)).mean()


def soft_loss(student_logits: E.Tensor, teacher_logits: E.Tensor, temperature: float) -> E.Tensor:
    """Soft cross-entropy, mean over B and C as both published codes have it (eq. 10 sums over C), without a factor t^2.

    Of a regression (C = 1) the mean squared error to the teacher's score, and no temperature.
    """
    if student_logits.shape[1] == 1:
        return squared(student_logits - teacher_logits).mean()
    targets = E.softmax(teacher_logits / temperature)
    return -(targets * E.log_softmax(student_logits / temperature)).mean()


def label_loss(logits: E.Tensor, labels: E.Tensor) -> E.Tensor:
    """Cross-entropy, mean over B, labels int64 [B]; of a regression (C = 1) the mean squared error, labels float32 [B]."""
    if logits.shape[1] == 1:
        return squared(logits - labels.reshape(-1, 1)).mean()
    return E.cross_entropy(logits, labels)


def prediction_loss(
    student_logits: E.Tensor, teacher_logits: E.Tensor, labels: E.Tensor, temperature: float, hard_label_weight: float
) -> E.Tensor:
    """(1 - w) soft + w hard; the hard part is a mean over B and C like the soft one: cross-entropy / C, or squared error."""
    soft = soft_loss(student_logits, teacher_logits, temperature)
    if hard_label_weight == 0:
        return soft
    hard = label_loss(student_logits, labels) / float(student_logits.shape[1])
    return soft * (1 - hard_label_weight) + hard * hard_label_weight


def layer_losses(
    objective: str,
    student: Output,
    teacher: Output,
    hidden_map: Sequence[int],
    attention_map: Sequence[int],
    projection: tuple[E.Tensor, E.Tensor],
    masks: Masks,
    weights: Mapping[str, float],
) -> dict[str, E.Tensor]:
    """The three sums over layers, each times its weight: `embedding_loss`, `hidden_loss`, `attention_loss` (eq. 11).

    `weights`: by term, `embedding`, `hidden` and `attention`; a term whose weight is 0 is not computed.
    """
    matrix, bias = projection

    def hidden(layer: int) -> E.Tensor:
        projected = E.linear(student.hidden[layer], matrix, bias)
        return hidden_loss(objective, projected, teacher.hidden[hidden_map[layer]], masks)

    def attention(layer: int) -> E.Tensor:
        return attention_loss(objective, student.scores[layer], teacher.scores[attention_map[layer]], masks)

    layers = range(len(attention_map))
    terms: Mapping[str, Callable[[], E.Tensor]] = {
        "embedding": lambda: hidden(0),
        "hidden": lambda: total([hidden(layer + 1) for layer in layers]),
        "attention": lambda: total([attention(layer) for layer in layers]),
    }
    return {f"{name}_loss": scaled(term(), weights[name]) for name, term in terms.items() if weights[name]}


def scaled(term: E.Tensor, weight: float) -> E.Tensor:
    return term if weight == 1 else term * weight


def squared(difference: E.Tensor) -> E.Tensor:
    """A product, for OneFlow's CPU power kernel costs 0.3 s more in an intermediate step at 64 tokens."""
    return difference * difference


def total(terms: Sequence[E.Tensor]) -> E.Tensor:
    result = terms[0]
    for term in terms[1:]:
        result = result + term
    return result
