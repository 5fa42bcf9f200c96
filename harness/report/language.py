"""The words of answers, rules and headline tables, `reports/languages/*.yaml`: one file a language, the same keys in each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import yaml

from harness.paths import REPORTS
from harness.report.document import Table, Text

LANGUAGES = REPORTS / "languages"


@dataclass(frozen=True)
class Language:
    """`tag`: as HTML's `lang` has it; `to`: between the ends of an interval; `phrases`: what is replaced in a table, in this order."""

    tag: str
    name: str
    heading: str
    to: str
    sentences: Mapping[str, str]
    metrics: Mapping[str, str]
    phrases: Sequence[tuple[re.Pattern[str], str]]

    def say(self, key: str, **parts: str) -> str:
        """A sentence or a part of one. Raises KeyError for what the file lacks."""
        return self.sentences[key].format(**parts)

    def interval(self, text: str) -> str:
        """An interval as `figures` writes it."""
        return text.replace(" to ", self.to)

    def metric(self, label: str) -> str:
        return self.metrics.get(label, label)

    def phrase(self, text: str) -> str:
        """What a table's cell says."""
        for pattern, words in self.phrases:
            text = pattern.sub(words, text)
        return text


@lru_cache
def language(name: str) -> Language:
    """`en` or `zh`."""
    found = yaml.safe_load((LANGUAGES / f"{name}.yaml").read_text(encoding="utf-8"))
    phrases = tuple((re.compile(pattern), words) for pattern, words in found.pop("phrases"))
    return Language(**found, phrases=phrases)


def translated_table(table: Table, words: Language) -> Table:
    """Of what does not count the status alone: why it does not stands in the English table."""

    def spans(text: Text) -> Text:
        refused = any(span.kind in ("good", "caution", "bad") for span in text)
        kept = text[:1] if refused else text
        return tuple(replace(span, text=words.phrase(span.text)) for span in kept)

    groups = tuple(
        replace(
            group,
            rows=tuple(tuple(map(spans, row)) for row in group.rows),
            heading=words.phrase(group.heading),
        )
        for group in table.groups
    )
    columns = tuple(map(words.phrase, table.columns))
    return replace(table, caption=words.phrase(table.caption), columns=columns, groups=groups)
