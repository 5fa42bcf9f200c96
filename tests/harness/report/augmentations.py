"""What the stage `augment` writes, made up: 14,000 rows, 4 eligible words each."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def entry() -> Json:
    """A record's entry of the stage."""
    options = {
        "mode": "published",
        "candidates": "masked-lm",
        "samples": 20,
        "candidates_per_word": 15,
        "replace_probability": 0.4,
    }
    result = {
        "stage": "augment",
        "seconds": 141.2,
        "resumes": 0,
        "metrics": {
            "train_rows": 14_000,
            "rows": 262_500,
            "distinct_sentences": 13_950,
            "samples": 280_000,
            "eligible_words": 56_000,
            "replaced_words": 392_000,
            "duplicates": 31_500,
            "words_with_vectors": 1200,
        },
        "artifacts": {},
        "series": {},
        "details": {
            "mode": "published",
            "candidates": "masked-lm",
            "candidate_sources": {"masked-lm": 50_400, "vectors": 4_200, "none": 1_400},
            "vectors": {
                "kind": "glove",
                "file": "glove.6B.zip/glove.6B.300d.txt",
                "dimension": 300,
                "words_asked": 1500,
                "words_found": 1200,
            },
            "masked_lm": {
                "head": "fitted",
                "corpus_lines": 0,
                "rows": 7_000,
                "top_1": 0.31,
                "top_15": 0.58,
                "words": 1_900,
            },
            "examples": [
                {
                    "row": 3,
                    "texts": ["a gorgeous , witty movie "],
                    "variants": [["a lovely , witty movie", "a gorgeous , clever film"]],
                },
                {"row": 9, "texts": ["dull"], "variants": [["boring"]]},
            ],
        },
        "environment": {},
    }
    return {
        "stage": "augment",
        "key": "ab" * 32,
        "cached": False,
        "seconds": 141.2,
        "spec": {"options": options},
        "result": result,
    }
