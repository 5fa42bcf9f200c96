"""The embedded sample: made-up film reviews in SST-2's shape, for runs without a network. It is not SST-2 and is never called so.

Every label is true by construction: a row is built from its polarity outwards, and each template either keeps or turns the
polarity of its sentiment words. The composition:

- kept: "the script is truly inventive .", "a tedious french drama about a jazz singer", "the ending bores the audience ."
- turned: "far from dull", "there is not a single funny scene .", "the plot has no wit .", "it could have been a triumph ."
- contrast: two clauses of opposite polarity, the main one decides: "X , but Y", "despite its wit , Y", "Y , although X".
  Neither the words without their order nor the last clause alone tells the label.
- held out: a share of the sentiment words never occurs in train, and a share of the dev rows has such words alone. Only who
  knows them from elsewhere, from pretraining, can tell.

Both labels are equally frequent, no row occurs twice, and rows look like SST-2's: lower case, tokenised, a trailing space.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from tinybert import artifacts
from tinybert.data import lexicon
from tinybert.data.examples import Examples
from tinybert.errors import BadInputError
from tinybert.spec import Columns, Task

TASK = Task(
    name="embedded sample",
    labels=("0", "1"),
    scores=None,
    metrics=("accuracy",),
    header=True,
    columns=Columns("sentence", None, "label"),
    left_out=(),
    irregular_rows="refuse",
    train="train.tsv",
    dev={"dev": "dev.tsv"},
    test=(),
)
"""The sample's layout: SST-2's."""

# The difficulty, as shares.
PHRASES = 0.25  # of the rows: no full sentence
CONTRAST = 0.25  # of the sentences
TURNED = 0.20  # of the clauses and phrases
HELD_OUT = 0.30  # of the sentiment words: absent from train
UNSEEN = 0.50  # of the dev rows: held-out words alone

# The looks, as shares.
DEGREE = 0.30  # of the adjectives: with an adverb of degree
PAIRED = 0.20  # of the adjectives: in twos
NEUTRAL = 0.35  # of the places where something neutral may stand

KEPT_PHRASES = """
a {adjective} {kind}
a {noun} of a {kind}
{adjective} {part}
{adjective} {aside}
full of {quality}
one of the most {bare} {films} of the year
a {kind} that {verb} {viewers}
so {bare} that it {verb} {viewers}
with {quality} to spare
""".strip().splitlines()

TURNED_PHRASES = """
without a single {either} {scene}
never {either} {aside}
far from {either}
not at all {either}
hardly a {noun}
anything but a {noun} of a {kind}
free of any {quality}
no {quality} at all {aside}
a {kind} that never {verb} {viewers}
one of the least {bare} {films} of the year
""".strip().splitlines()

KEPT_CLAUSES = """
{subject} is {adjective} {aside}
{subject} proves {adjective} {aside}
every {scene} is {adjective}
{subject} is a {noun}
it is a {noun} of a {kind}
this is a {adjective} {kind}
{subject} {verb} {viewers} {aside}
{subject} is full of {quality}
there is {quality} in every {scene}
{subject} has {quality} to spare
""".strip().splitlines()

TURNED_CLAUSES = """
{subject} is never {either} {aside}
{subject} is n't {either}
{subject} is far from {either} {aside}
nobody could call {subject} {either}
there is not a single {either} {scene} {aside}
{subject} is hardly a {noun}
{subject} is anything but a {noun}
{subject} could have been a {noun}
in other hands {subject} might have been {either}
{subject} never {verb} {viewers}
{subject} hardly ever {verb} {viewers}
{subject} has no {quality}
there is hardly any {quality} in {subject}
{subject} is free of any {quality}
""".strip().splitlines()

# The main clause decides; as often first as last.
CONTRASTS = """
{other} , but {main}
{other} , and yet {main}
although {other} , {main}
even though {other} , {main}
despite its {other_quality} , {main}
for all its {other_quality} , {main}
{main} , although {other}
{main} , even though {other}
{main} , despite the fact that {other}
{main} , whatever one may say about its {other_quality}
{main} in spite of its {other_quality}
{main} , for all its {other_quality}
""".strip().splitlines()

ATTEMPTS = 1000  # to find a row that is not there yet

Item = TypeVar("Item")
Pair = tuple[list[str], list[str]]
"""Words by polarity: (negative, positive)."""


class Chooser:
    """Random choices from `random.Random.random` alone: its stream is guaranteed across Python releases, NumPy's are not."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random

    def chance(self, share: float) -> bool:
        return self._random() < share

    def one(self, items: Sequence[Item]) -> Item:
        return items[int(self._random() * len(items))]

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        keys = [self._random() for _ in items]
        return [items[index] for index in sorted(range(len(items)), key=keys.__getitem__)]


@dataclass(frozen=True)
class Words:
    """The sentiment words that a row may use."""

    adjectives: Pair
    nouns: Pair
    qualities: Pair
    verbs: Pair


def generate(train_rows: int, dev_rows: int, seed: int) -> tuple[Examples, Examples]:
    """Train and dev examples, the same for the same arguments everywhere.

    Raises BadInputError when more rows are asked for than there are different ones.
    """
    choose = Chooser(seed)
    seen, held_out = _split_words(choose)
    used: set[str] = set()
    train = _examples(choose, train_rows, used, lambda: seen)
    dev = _examples(choose, dev_rows, used, lambda: held_out if choose.chance(UNSEEN) else seen)
    return train, dev


def write(directory: Path, train_rows: int, dev_rows: int, seed: int) -> None:
    """Write `generate`'s examples as `train.tsv` and `dev.tsv` in SST-2's published layout."""
    for split, examples in zip(("train", "dev"), generate(train_rows, dev_rows, seed), strict=True):
        rows = (f"{text}\t{label}" for text, label in zip(examples.text_a, examples.labels, strict=True))
        content = "\n".join(["sentence\tlabel", *rows, ""])
        artifacts.write_atomically(directory / f"{split}.tsv", partial(_write_text, content))


def _write_text(content: str, path: Path) -> None:
    path.write_text(content, encoding="utf-8", newline="\n")


def _split_words(choose: Chooser) -> tuple[Words, Words]:
    """Words for train and dev, and words for dev alone."""
    seen, held_out = [], []
    for pair in (lexicon.ADJECTIVES, lexicon.NOUNS, lexicon.QUALITIES, lexicon.VERBS):
        negative, positive = (choose.shuffled(words) for words in pair)
        cuts = round(len(negative) * HELD_OUT), round(len(positive) * HELD_OUT)
        held_out.append((negative[: cuts[0]], positive[: cuts[1]]))
        seen.append((negative[cuts[0] :], positive[cuts[1] :]))
    return Words(*seen), Words(*held_out)


def _examples(choose: Chooser, rows: int, used: set[str], words: Callable[[], Words]) -> Examples:
    labels = choose.shuffled([row % 2 for row in range(rows)])
    texts = [_new_row(choose, label, used, words) for label in labels]
    return Examples(texts, None, np.array(labels, np.int32))


def _new_row(choose: Chooser, polarity: int, used: set[str], words: Callable[[], Words]) -> str:
    for _ in range(ATTEMPTS):
        text = _row(choose, words(), polarity)
        if text not in used:
            used.add(text)
            return text
    raise BadInputError(f"the embedded sample has no more than {len(used)} different rows: ask for fewer")


def _row(choose: Chooser, words: Words, polarity: int) -> str:
    if choose.chance(PHRASES):
        text = _fill(choose, words, polarity, KEPT_PHRASES, TURNED_PHRASES)
    elif choose.chance(CONTRAST):
        text = choose.one(CONTRASTS).format(
            main=_clause(choose, words, polarity),
            other=_clause(choose, words, 1 - polarity),
            other_quality=choose.one(words.qualities[1 - polarity]),
        )
        text += " ."
    else:
        text = _clause(choose, words, polarity) + " ."
    return re.sub(r"\ba (?=[aeiou]|honest)", "an ", text) + " "


def _clause(choose: Chooser, words: Words, polarity: int) -> str:
    return _fill(choose, words, polarity, KEPT_CLAUSES, TURNED_CLAUSES)


def _fill(choose: Chooser, words: Words, polarity: int, kept: Sequence[str], turned: Sequence[str]) -> str:
    """A template with its slots filled so that the whole has the polarity."""
    if choose.chance(TURNED):
        template, polarity = choose.one(turned), 1 - polarity
    else:
        template = choose.one(kept)
    filled = re.sub(r"\{(\w+)\}", lambda slot: SLOTS[slot[1]](choose, words, polarity), template)
    return " ".join(filled.split())


def _adjective(choose: Chooser, words: Words, polarity: int) -> str:
    degree = choose.one(lexicon.DEGREES) + " " if choose.chance(DEGREE) else ""
    return degree + _several(choose, words.adjectives[polarity], "and")


def _either(choose: Chooser, words: Words, polarity: int) -> str:
    """Without a degree: "not utterly tedious" leaves the polarity open."""
    return _several(choose, words.adjectives[polarity], "or")


def _several(choose: Chooser, adjectives: list[str], conjunction: str) -> str:
    first = choose.one(adjectives)
    second = choose.one(adjectives)
    return f"{first} {conjunction} {second}" if first != second and choose.chance(PAIRED) else first


def _neutral(choose: Chooser, items: Sequence[str]) -> str:
    return choose.one(items) if choose.chance(NEUTRAL) else ""


Slot = Callable[[Chooser, Words, int], str]

SLOTS: dict[str, Slot] = {
    "adjective": _adjective,
    "either": _either,
    "bare": lambda choose, words, polarity: choose.one(words.adjectives[polarity]),
    "noun": lambda choose, words, polarity: choose.one(words.nouns[polarity]),
    "quality": lambda choose, words, polarity: choose.one(words.qualities[polarity]),
    "verb": lambda choose, words, polarity: choose.one(words.verbs[polarity]),
    "subject": lambda choose, *_: (
        f"{choose.one(('the', 'its', 'this'))} {_neutral(choose, lexicon.PLAIN)} {choose.one(lexicon.PARTS)}"
    ),
    "kind": lambda choose, *_: " ".join(
        (_neutral(choose, lexicon.PLAIN), choose.one(lexicon.KINDS), _neutral(choose, lexicon.TOPICS))
    ),
    "part": lambda choose, *_: choose.one(lexicon.PARTS),
    "films": lambda choose, *_: choose.one(("films", "movies", "comedies", "dramas", "thrillers", "musicals")),
    "scene": lambda choose, *_: choose.one(lexicon.SCENES),
    "viewers": lambda choose, *_: choose.one(lexicon.VIEWERS),
    "aside": lambda choose, *_: _neutral(choose, lexicon.ASIDES),
}
