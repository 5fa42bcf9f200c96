"""A sentence as words, the words that may be replaced, and the word pieces of each."""

from __future__ import annotations

import re

from tokenizers import Tokenizer

from tinybert.augmentation.stop_words import STOP_WORDS

_NOT_A_LETTER = re.compile("[^a-z]")
# So many words' pieces are remembered: more than any GLUE task has, 30 MB at most.
REMEMBERED = 200_000


class Words:
    """Over the task's own tokenizer. Text that looks like a special token ("[MASK]") is text here: it is split into three words."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._pieces: dict[str, tuple[int, ...]] = {}

    def split(self, text: str) -> list[str]:
        """BERT's basic tokens: cleaned, lower-cased for uncased vocabularies, split at white space and punctuation."""
        normal = self._tokenizer.normalizer.normalize_str(text)
        return [word for word, _ in self._tokenizer.pre_tokenizer.pre_tokenize_str(normal)]

    def pieces(self, word: str) -> tuple[int, ...]:
        """Ids of a word's pieces; of none where nothing is left of it."""
        found = self._pieces.get(word)
        if found is None:
            if len(self._pieces) >= REMEMBERED:
                self._pieces.clear()
            found = tuple(self._tokenizer.encode(word, add_special_tokens=False).ids)
            self._pieces[word] = found
        return found


def eligible(word: str) -> bool:
    """Letters a to z alone, and no stop word: what the published code may replace (`_is_valid`, lower-cased for cased vocabularies)."""
    lower = word.lower()
    return not _NOT_A_LETTER.search(lower) and lower not in STOP_WORDS
