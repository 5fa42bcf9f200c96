"""JSON schema of what `suites/tasks.yaml` says about a task beside the contract's own fields."""

from __future__ import annotations

from typing import Any

_FOLDER = {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"}
_NAME = {"type": "string", "pattern": "^[A-Za-z0-9_-]+\\.(tsv|txt)$"}
_MEMBERS = {"type": "string", "pattern": "^[A-Za-z0-9_-][A-Za-z0-9_.-]*/[A-Za-z0-9_.-]*\\*\\.(tsv|txt)$"}
_COUNT = {"type": ["integer", "null"], "minimum": 1}

_FILE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["rows", "bytes", "sha256", "md5"],
    "properties": {
        "rows": _COUNT,
        "bytes": _COUNT,
        "sha256": {"type": ["string", "null"], "pattern": "^[0-9a-f]{64}$"},
        "md5": {"type": ["string", "null"], "pattern": "^[0-9a-f]{32}$"},
    },
}
_DOWNLOAD: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["url", "bytes", "sha256"],
    "properties": {
        "url": {"type": "string", "pattern": "^https://"},
        "bytes": {"type": "integer", "minimum": 1},
        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "unpack": _MEMBERS,
        "save_as": _NAME,
    },
}
PUBLISHED: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["folder", "files", "downloads", "made_by"],
    "properties": {
        "folder": _FOLDER,
        "files": {"type": "object", "minProperties": 1, "propertyNames": _NAME, "additionalProperties": _FILE},
        "downloads": {"type": "array", "minItems": 1, "items": _DOWNLOAD},
        "made_by": {"enum": [None, "mrpc-split", "snli-layout"]},
    },
}
"""A folder of published files and where it is downloaded from."""

SOURCE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": [*PUBLISHED["required"], "diagnostic", "sample"],
    "properties": {
        **PUBLISHED["properties"],
        "diagnostic": {**PUBLISHED, "type": ["object", "null"]},
        "sample": {"type": "boolean"},
    },
}
"""The fields of a row that are not the contract's."""
