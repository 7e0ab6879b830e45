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
# Databricks: personal token, OAuth secret; JSON web token; GitHub; AWS; Slack.
_TOKEN = re.compile(
    r"""\b(?:
      dap[ik][0-9a-f]{32}\b
    | dose[0-9a-f]{32}\b
    | eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*
    | gh[pousr]_[A-Za-z0-9]{30,}
    | github_pat_\w{30,}
    | A[KS]IA[0-9A-Z]{16}\b
    | xox[abeprs]-[\w-]{10,}
    )""",
    re.VERBOSE,
)
# Behind what says so; a reference in its place (`$NAME`, `${...}`, `{{...}}`, `<name>`) is none.
_REFERENCE = r"(?![$<*/]|\{\{)"
_IN_URL = re.compile(rf"(://[^\s/:@?#]*:){_REFERENCE}[^\s/?#]+(?=@)")
_BEHIND = re.compile(
    r"""((?<![A-Z]) (?: password | passwd | pwd | account_?key | shared_?access_?key
                      | client_?secret | access_?token ) = ["']?
    | \bhooks\.slack\.com/services/)"""
    rf"""{_REFERENCE}[^\s;&"',)]+""",
    re.VERBOSE | re.IGNORECASE,
)


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


def holds_secret(text: str) -> bool:
    """Whether something in a text has the form of a secret."""
    return any(form.search(text) for form in (_TOKEN, _IN_URL, _BEHIND))


def redacted(value: Any, name: str = "") -> Any:
    """A copy of JSON-like data without what looks like a secret, by its name or by its form."""
    if isinstance(value, Mapping):
        return {key: redacted(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(item, name) for item in value]
    if value is not None and value != "" and names_secret(name):
        return HIDDEN
    if not isinstance(value, str):
        return value
    value = _TOKEN.sub(HIDDEN, value)
    return _BEHIND.sub(rf"\1{HIDDEN}", _IN_URL.sub(rf"\1{HIDDEN}", value))
