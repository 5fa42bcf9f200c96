"""Nearest words by word vectors, from the file that was given, or from the teacher's own embeddings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from tinybert.augmentation.glove import glove_vectors
from tinybert.augmentation.neighbours import neighbours
from tinybert.augmentation.teacher_vectors import teacher_vectors
from tinybert.spec import StageSpec


def nearest_words(
    spec: StageSpec, words: Collection[str], cache: Path
) -> tuple[Mapping[str, Sequence[str]], dict[str, Any]]:
    """Word -> its nearest words, absent where it has no vector; and facts of the vectors. `cache`: a folder for what was read."""
    options = spec.options["vectors"]
    if path := spec.inputs.get("vectors"):
        vectors = glove_vectors(path / options["member"] if options["member"] else path, options["rows"], cache)
    else:
        vectors = teacher_vectors(spec.inputs["weights"])
    found = neighbours(vectors, list(words), spec.options["candidates_per_word"])
    return found, {**vectors.facts, "words_asked": len(words), "words_found": len(found)}
