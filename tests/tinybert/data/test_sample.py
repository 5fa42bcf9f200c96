from __future__ import annotations

import hashlib
import itertools
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tinybert.data import lexicon, sample
from tinybert.data.examples import Examples, read_examples
from tinybert.errors import BadInputError

PAIRS = (lexicon.ADJECTIVES, lexicon.NOUNS, lexicon.QUALITIES, lexicon.VERBS)
POLARITY = {word: polarity for pair in PAIRS for polarity in (0, 1) for word in pair[polarity]}
DIGEST = "5a25428951712aebaa96ede45b73f078e44d8e28ad3ec02619e69b4f55b42882"


@pytest.fixture(scope="module")
def made() -> tuple[Examples, Examples]:
    return sample.generate(8000, 1000, 1)


def sentiment_words(text: str) -> set[str]:
    return set(text.split()) & POLARITY.keys()


def test_the_same_on_every_machine(made: tuple[Examples, Examples]) -> None:
    train, dev = made
    assert hashlib.sha256("\n".join(train.text_a + dev.text_a).encode()).hexdigest() == DIGEST
    again = sample.generate(8000, 1000, 1)
    assert again[0].text_a == train.text_a and again[1].labels.tolist() == dev.labels.tolist()
    assert sample.generate(8000, 1000, 2)[1].text_a != dev.text_a


def test_rows_look_like_sst2(made: tuple[Examples, Examples]) -> None:
    for examples in made:
        assert examples.labels.mean() == 0.5
        assert examples.text_b is None
        lengths = [len(text.split()) for text in examples.text_a]
        assert 8.5 < np.mean(lengths) < 11.5 and max(lengths) < 50
        assert all(re.fullmatch(r"([a-z,.'-]+ )+", text) for text in examples.text_a)
        assert not any(re.search(r"\ba [aeiou]|\ban [^aeiouh]", text) for text in examples.text_a)
    texts = made[0].text_a + made[1].text_a
    assert len(set(texts)) == len(texts)


def test_held_out_words_occur_in_dev_alone(made: tuple[Examples, Examples]) -> None:
    train, dev = ([sentiment_words(text) for text in examples.text_a] for examples in made)
    assert all(train) and all(dev), "a row without a sentiment word has no true label"
    known = set().union(*train)
    unseen = [words for words in dev if not words & known]
    assert all(words <= known or not words & known for words in dev)
    assert abs(len(unseen) / len(dev) - sample.UNSEEN) < 0.05
    held_out = POLARITY.keys() - known
    assert abs(len(held_out) / len(POLARITY) - sample.HELD_OUT) < 0.02
    neutral = [text.replace(word, "") for text in made[1].text_a for word in sentiment_words(text)]
    assert {word for text in neutral for word in text.split()} - {
        w for t in made[0].text_a for w in t.split()
    } <= held_out


def test_no_word_stands_in_two_lists() -> None:
    words = [word for pair in PAIRS for polarity in pair for word in polarity]
    assert [word for word, count in Counter(words).items() if count > 1] == []
    others = (lexicon.DEGREES, lexicon.PARTS, lexicon.KINDS, lexicon.SCENES, lexicon.PLAIN)
    lines = (lexicon.VIEWERS, lexicon.TOPICS, lexicon.ASIDES)
    neutral = {word for entries in (*others, *lines) for entry in entries for word in entry.split()}
    assert neutral & POLARITY.keys() == set()


# An independent reading of the sample's English: the main clause, its sentiment word, and whether a turning word stands before it.
MAIN_LAST = (" , but ", " , and yet ")
MAIN_FIRST = (" , although ", " , even though ", " , despite ", " , whatever ", " in spite of ", " , for all ")
TURNING = re.compile(
    r"\b(never|n't|far from|not at all|not a single|without a|nobody could|hardly|anything but|could have been|might have been"
    r"|has no|^no|free of|one of the least)\b"
)


def read_label(text: str) -> int:
    main = text.removesuffix(" . ").strip()
    if main.startswith(("although ", "even though ", "despite ", "for all ")):
        main = main.split(" , ", 1)[1]
    for mark in MAIN_LAST:
        main = main.rsplit(mark, 1)[-1]
    for mark in MAIN_FIRST:
        main = main.split(mark, 1)[0]
    polarities = {POLARITY[word] for word in sentiment_words(main)}
    assert len(polarities) == 1, text
    return polarities.pop() ^ bool(TURNING.search(main))


def test_labels_are_what_a_reader_would_say(made: tuple[Examples, Examples]) -> None:
    for examples in made:
        wrong = [
            text for text, label in zip(examples.text_a, examples.labels, strict=True) if read_label(text) != label
        ]
        assert wrong == []


def naive_bayes_accuracy(train: Examples, dev: Examples) -> float:
    counts = [Counter[str](), Counter[str]()]
    for text, label in zip(train.text_a, train.labels, strict=True):
        counts[label].update(text.split())
    scores = [
        sum(np.log((counts[1][word] + 0.5) / (counts[0][word] + 0.5)) for word in text.split()) for text in dev.text_a
    ]
    return float(((np.array(scores) > 0) == dev.labels).mean())


def test_words_without_their_order_do_not_tell(made: tuple[Examples, Examples]) -> None:
    assert naive_bayes_accuracy(*made) < 0.75


def test_every_template_occurs_with_both_labels() -> None:
    train, _ = sample.generate(20_000, 8, 3)
    for word in (
        "but",
        "although",
        "despite",
        "never",
        "hardly",
        "single",
        "free",
        "hands",
        "least",
        "spite",
        "whatever",
    ):
        share = np.mean([label for text, label in zip(train.text_a, train.labels, strict=True) if word in text.split()])
        assert 0.4 < share < 0.6, word


def test_files_in_the_published_layout(tmp_path: Path) -> None:
    sample.write(tmp_path / "sample", 40, 20, 5)
    train, dev = sample.generate(40, 20, 5)
    for name, examples in (("train", train), ("dev", dev)):
        read = read_examples(tmp_path / "sample" / f"{name}.tsv", sample.TASK)
        assert read.text_a == examples.text_a
        assert read.labels.tolist() == examples.labels.tolist()
    assert (tmp_path / "sample" / "train.tsv").read_text().startswith("sentence\tlabel\n")


def test_more_rows_than_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "PHRASES", 1.0)
    monkeypatch.setattr(sample, "KEPT_PHRASES", ["full of {quality}"])
    monkeypatch.setattr(sample, "TURNED", 0.0)
    with pytest.raises(BadInputError, match="ask for fewer"):
        sample.generate(200, 8, 1)


def test_as_many_rows_as_sst2() -> None:
    train, dev = sample.generate(67_349, 872, 1)
    assert len(set(itertools.chain(train.text_a, dev.text_a))) == 67_349 + 872
