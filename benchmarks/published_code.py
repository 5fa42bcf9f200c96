"""Where Huawei's published code and SST-2 lie, and the mark of benchmarks that need both."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PUBLISHED, DATA_ROOT = os.environ.get("PUBLISHED_TINYBERT", ""), os.environ.get("DATA_ROOT", "")
SCRIPTS = ("data_augmentation.py", "task_distill.py")
NEEDS_BOTH = pytest.mark.skipif(
    not all((Path(PUBLISHED) / script).is_file() for script in SCRIPTS) or not (Path(DATA_ROOT) / "SST-2").is_dir(),
    reason="PUBLISHED_TINYBERT and DATA_ROOT must name Huawei's folder TinyBERT and a folder with SST-2",
)
