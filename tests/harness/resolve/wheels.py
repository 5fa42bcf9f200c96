"""Wheels made on the spot, so that the real pip runs without an index."""

from __future__ import annotations

import zipfile
from pathlib import Path


def make_wheel(folder: Path, name: str, version: str, files: dict[str, str | bytes]) -> Path:
    """A pure Python wheel of `files` (path in it -> content) in `folder`."""
    stem = f"{name.replace('-', '_')}-{version}"
    path = folder / f"{stem}-py3-none-any.whl"
    metadata: dict[str, str | bytes] = {
        f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{file},,\n" for file in [*files, *metadata, f"{stem}.dist-info/RECORD"])
    with zipfile.ZipFile(path, "w") as wheel:
        for file, content in {**files, **metadata, f"{stem}.dist-info/RECORD": record}.items():
            wheel.writestr(file, content)
    return path
