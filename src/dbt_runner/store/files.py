"""Whole files: the only way in which the store writes and reads.

On a Unity Catalog volume nothing can be appended, written at random or renamed over, so a file is
written once, from its beginning to its end, under a name that nothing else has (Databricks docs,
"Work with files in Unity Catalog volumes").
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def write_whole(path: Path, data: bytes) -> None:
    """Write a new file; when this returns, it is there for everybody.

    Raises:
        OSError: it is not, or only in part.
    """
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def read_object(path: Path) -> dict[str, Any] | None:
    """The JSON object in a file; `None` if there is none, or only a part of it."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None
