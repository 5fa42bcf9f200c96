"""Write the train set anew with words replaced: as tokens for the stage distill, as `train_aug.tsv`, and as OFRecord.

Sentences -> candidates of each eligible word -> seeded draws -> the train file's rows, each followed by its variants. Candidates and draws
are kept in shards, so a killed run goes on where it was; the rest is written in one pass.
"""

from __future__ import annotations

from typing import Any

from tokenizers import Tokenizer

from tinybert import engine as E
from tinybert import stop
from tinybert.augmentation.candidates import Choice, Frame
from tinybert.augmentation.drawing import Counts
from tinybert.augmentation.language_model import FITTED, SCRATCH, language_model
from tinybert.augmentation.masked_lm import MaskedLM
from tinybert.augmentation.near import nearest_words
from tinybert.augmentation.paper import Paper
from tinybert.augmentation.published import Published, PublishedCandidates
from tinybert.augmentation.table import write_table
from tinybert.augmentation.variants import read_variants, write_variants
from tinybert.augmentation.words import Words
from tinybert.augmentation.work import Work
from tinybert.data import splits
from tinybert.data.ofrecord import write_records
from tinybert.data.tokenizer import load_tokenizer, tokens_by_id
from tinybert.data.tokens import Tokens, save_tokens
from tinybert.errors import BadInputError
from tinybert.progress import reporter
from tinybert.result import Outcome, StageContext

CANDIDATES, VARIANTS, VECTORS = "candidates", "variants", "vectors"
SHOWN_ROWS, SHOWN_VARIANTS = 5, 3


def run(context: StageContext) -> Outcome:
    spec, options, out = context.spec, context.spec.options, context.out
    if reason := E.inference_absence(options["precision"], spec.device):
        raise BadInputError(f"augment: precision {options['precision']}: {reason}; write float32")
    work = Work.of(spec)
    tokenizer = load_tokenizer(spec.inputs["prepare"] / "tokenizer")
    words = Words(tokenizer)
    near, vector_facts = nearest_words(spec, work.words_without_model(words), out / VECTORS)
    model, model_facts, series = language_model(context, tokenizer) if work.with_model else (None, None, {})
    choice = Choice(words, near, tokens_by_id(tokenizer), work.with_model, keep_special=work.is_published)
    rewriting = _rewriting(context, work, choice, _frame(tokenizer, model), model)
    write_variants(out / VARIANTS, work.rows, rewriting.make, reporter("rewrite", len(work.rows)))
    counts = Counts()
    variants = read_variants(out / VARIANTS, len(work.rows), counts)
    report = reporter("write", len(work.rows))
    tokens = write_table(out / splits.AUGMENTED_TABLE, work, spec.task.header, variants, tokenizer, report)
    save_tokens(out / splits.AUGMENTED, tokens)
    stop.check()
    records = write_records(out / splits.AUGMENTED_RECORDS, tokens)
    return Outcome(
        metrics=_metrics(work, counts, tokens) | {"words_with_vectors": len(near), "ofrecord_rows": records},
        artifacts={"train_aug": splits.AUGMENTED_TABLE, "tokens": splits.AUGMENTED, "ofrecord": splits.OFRECORD}
        | ({"masked_lm": FITTED} if series else {}),
        series=series,
        details={
            "mode": options["mode"],
            "candidates": options["candidates"],
            "candidate_sources": counts.candidates,
            "vectors": vector_facts,
            "masked_lm": model_facts,
            "examples": _examples(context, work),
        },
        scratch=(CANDIDATES, VARIANTS, VECTORS, *SCRATCH),
    )


def _rewriting(
    context: StageContext, work: Work, choice: Choice, frame: Frame, model: MaskedLM | None
) -> Published | Paper:
    if not work.is_published:
        return Paper(work, choice, frame, model)
    candidates = PublishedCandidates(choice, frame, context.out / CANDIDATES)
    if model:
        report = reporter("candidates", len(work.numbers), "sentences")
        candidates.compute(model, list(work.numbers), work.options, report)
    return Published(work, choice, candidates)


def _frame(tokenizer: Tokenizer, model: MaskedLM | None) -> Frame:
    vocabulary = tokenizer.get_vocab()
    cls, sep, mask = (vocabulary[token] for token in ("[CLS]", "[SEP]", "[MASK]"))
    return Frame(cls, sep, mask, model.config.max_positions if model else 0)


def _metrics(work: Work, counts: Counts, tokens: Tokens) -> dict[str, float]:
    return {
        "train_rows": len(work.rows),
        "rows": len(tokens),
        "distinct_sentences": len(work.numbers),
        "samples": counts.drawn,
        "eligible_words": counts.words,
        "replaced_words": counts.replaced,
        "duplicates": counts.duplicates,
        "tokens_mean": float(tokens.lengths.mean()),
    }


def _examples(context: StageContext, work: Work) -> list[dict[str, Any]]:
    """The first rows that have variants, and the first of those, for the report."""
    shown: list[dict[str, Any]] = []
    for row, new in zip(work.rows, read_variants(context.out / VARIANTS, len(work.rows), Counts()), strict=True):
        if len(shown) == SHOWN_ROWS:
            break
        if any(new):
            shown.append(
                {"row": row, "texts": list(work.texts(row)), "variants": [each[:SHOWN_VARIANTS] for each in new]}
            )
    return shown
