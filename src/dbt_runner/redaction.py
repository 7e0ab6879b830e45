"""What looks like a secret is not written down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "*****"
_NAME = re.compile(
    r"token|passw|pass$|secret|credential|api_?key|private_?key|keyfile_json|^authorization$",
    re.IGNORECASE,
)
_VALUE = re.compile(r"\bdap[ik][0-9a-f]{32}\b|\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*")


def names_secret(name: str) -> bool:
    """Whether what has this name is likely to be a secret."""
    return bool(_NAME.search(name))


def secrets_of(*environments: Mapping[str, str]) -> frozenset[str]:
    """The values that dbt hides in its logs: those of variables named `DBT_ENV_SECRET_*`."""
    return frozenset(
        value
        for environment in environments
        for name, value in environment.items()
        if name.startswith("DBT_ENV_SECRET_") and value
    )


def without(text: str, secrets: frozenset[str]) -> str:
    """A text with the secrets hidden, longer ones first."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def redacted(value: Any, name: str = "") -> Any:
    """A copy of JSON-like data without what looks like a secret, by its name or by its form.

    Databricks' tokens begin with `dapi`; a JSON web token with `eyJ`.
    """
    if isinstance(value, Mapping):
        return {key: redacted(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(item, name) for item in value]
    if value is not None and value != "" and names_secret(name):
        return HIDDEN
    return _VALUE.sub(HIDDEN, value) if isinstance(value, str) else value
