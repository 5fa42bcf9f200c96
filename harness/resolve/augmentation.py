"""What augmentation reads beside the task: a file of word vectors, and a corpus for a language-model head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError
from harness.resolve import Resolution
from harness.resolve.checksums import file_fact

Named = tuple[Path, str]
"""A file and its SHA-256."""


@dataclass(frozen=True)
class AugmentationChoice:
    vectors: Named | None
    corpus: Named | None
    resolutions: tuple[Resolution, ...]


def resolve_augmentation(
    modes: Sequence[str], has_stage: bool, glove: Path | None, corpus: Path | None, cache: Path, strict: bool
) -> AugmentationChoice:
    """`modes`: those asked for; without one, nothing is decided. `has_stage`: whether the suite's profile has the stage.

    Raises UsageError for files that are not there or asked for without augmentation, for a suite without the stage, and under `strict`
    where the teacher's embeddings would stand in for GloVe.
    """
    if not modes:
        if given := [name for name, path in (("GLOVE", glove), ("CORPUS", corpus)) if path]:
            raise UsageError(f"{' and '.join(given)} without augmentation: add AUGMENT=published or AUGMENT=paper")
        return AugmentationChoice(None, None, ())
    if not has_stage:
        raise UsageError(f"AUGMENT={','.join(modes)}: the profile has no stage augment; leave AUGMENT out")
    vectors = _file("GLOVE", glove, cache)
    text = _file("CORPUS", corpus, cache)
    if vectors is None and strict:
        raise UsageError("STRICT=1 allows no stand-in for GloVe's word vectors: give GLOVE=FILE (glove.840B.300d.zip)")
    decided = [Resolution("augmentation", ", ".join(modes), f"AUGMENT={','.join(modes)}", False)]
    if vectors is None:
        why = "GLOVE is not set (published: GloVe 840B, its first 100,000 words)"
        decided.append(Resolution("word vectors", "the teacher's own word embeddings", why, fallback=True))
    else:
        decided.append(Resolution("word vectors", vectors[0].name, f"GLOVE, sha256 {vectors[1][:12]}", False))
    if text is not None:
        decided.append(Resolution("corpus", text[0].name, f"CORPUS, sha256 {text[1][:12]}", False))
    return AugmentationChoice(vectors, text, tuple(decided))


def _file(name: str, path: Path | None, cache: Path) -> Named | None:
    if path is None:
        return None
    if not path.is_file():
        raise UsageError(f"{name}={path} is no file: give the path of one")
    try:
        return path.resolve(), file_fact(path, cache).sha256
    except OSError as error:
        raise UsageError(f"{name}={path} cannot be read: {error.strerror}") from error
