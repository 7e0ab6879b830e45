"""What looks like a secret is not written down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "*****"
_NAME = re.compile(r"token|passw|secret|credential|api_?key|private_?key", re.IGNORECASE)
_VALUE = re.compile(r"\bdap[ik][0-9a-f]{32}\b|\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*")


def redacted(value: Any, name: str = "") -> Any:
    """A copy of JSON-like data without what looks like a secret, by its name or by its form.

    Databricks' tokens begin with `dapi`; a JSON web token with `eyJ`.
    """
    if isinstance(value, Mapping):
        return {key: redacted(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(item, name) for item in value]
    if value is not None and value != "" and _NAME.search(name):
        return HIDDEN
    return _VALUE.sub(HIDDEN, value) if isinstance(value, str) else value
