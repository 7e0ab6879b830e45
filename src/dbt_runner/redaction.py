"""What looks like a secret is not written down."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus

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
_SIGNS = (
    *(b"dapi", b"dapk", b"dose", b"eyJ", b"AKIA", b"ASIA", b"xox", b"github_pat_"),
    *(b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_"),
)
"""Each token holds one of these, which is quicker to look for."""
LEAST = 6
"""Characters of a secret that is looked for in files; a shorter one would hit names in them."""
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

LOGIN_VARIABLES = frozenset(
    {
        # what the Databricks SDK calls sensitive, and the identity tokens that it exchanges
        "DATABRICKS_TOKEN",
        "DATABRICKS_PASSWORD",
        "DATABRICKS_CLIENT_SECRET",
        "DATABRICKS_METADATA_SERVICE_URL",
        "ARM_CLIENT_SECRET",
        "GOOGLE_CREDENTIALS",
        "DATABRICKS_OIDC_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "SYSTEM_ACCESSTOKEN",
        # of a dbt task of Databricks
        "DBT_ACCESS_TOKEN",
    }
)
"""Variables whose values log in to a workspace."""
_OTHER_OIDC_TOKEN = "DATABRICKS_OIDC_TOKEN_ENV"  # noqa: S105 - it names a variable


def names_secret(name: str) -> bool:
    """Whether what has this name is likely to be a secret."""
    return bool(_NAME.search(name))


def secrets_of(*environments: Mapping[str, str]) -> frozenset[str]:
    """The values of variables that are secrets by their names.

    Those that dbt hides in its logs (`DBT_ENV_SECRET_*`), logins, and of those that dbt writes into
    each artifact (`DBT_ENV_CUSTOM_ENV_*`) the ones that are named like a secret.
    """
    return frozenset(
        value
        for environment in environments
        for name, value in environment.items()
        if value
        and (
            name.startswith("DBT_ENV_SECRET_")
            or (name.startswith("DBT_ENV_CUSTOM_ENV_") and names_secret(name))
            or _logs_in(name, environment)
        )
    )


def _logs_in(name: str, environment: Mapping[str, str]) -> bool:
    return name in LOGIN_VARIABLES or name == environment.get(_OTHER_OIDC_TOKEN)


def without(text: str, secrets: frozenset[str]) -> str:
    """A text with the secrets hidden, also as JSON, Python, a shell or a URL writes them."""
    for form in _forms(secrets):
        text = text.replace(form, HIDDEN)
    return text


def clean(data: bytes, secrets: frozenset[str], *, is_json: bool) -> bytes:
    """A file's content with the secrets, and what has the form of a token, hidden.

    Looking for bytes is quick, so that a large file without a secret costs next to nothing.

    Args:
        is_json: it stays JSON, whatever stands in it.
    """
    sought = frozenset(secret for secret in secrets if len(secret) >= LEAST)
    found = any(form.encode("utf-8", "surrogateescape") in data for form in _forms(sought))
    if not found and not any(sign in data for sign in _SIGNS):
        return data
    text = data.decode("utf-8", "surrogateescape")
    if not found and not _TOKEN.search(text):
        return data
    if is_json:
        content = _cleaned(json.loads(text), sought)
        return json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
    return _TOKEN.sub(HIDDEN, without(text, sought)).encode("utf-8", "surrogateescape")


def _cleaned(value: Any, secrets: frozenset[str]) -> Any:
    if isinstance(value, str):
        return _TOKEN.sub(HIDDEN, without(value, secrets))
    if isinstance(value, dict):
        return {_cleaned(key, secrets): _cleaned(item, secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [_cleaned(item, secrets) for item in value]
    return value


def holds_secret(text: str) -> bool:
    """Whether something in a text has the form of a secret."""
    return any(form.search(text) for form in (_TOKEN, _IN_URL, _BEHIND))


@lru_cache(maxsize=8)
def _forms(secrets: frozenset[str]) -> tuple[str, ...]:
    """How the secrets may stand in a text, longer ones first.

    Twice written is as far as it goes: a Python error in a line of JSON, JSON in JSON.
    """
    once = {form for secret in secrets for form in (secret, *_written(secret))}
    twice = {form for text in once for form in _written(text)}
    return tuple(sorted(filter(None, once | twice), key=len, reverse=True))


def _written(text: str) -> Iterator[str]:
    raw = text.encode("utf-8", "surrogateescape")
    # as output is told that is no UTF-8
    yield raw.decode("utf-8", "backslashreplace")
    plain = json.dumps(text, ensure_ascii=False)[1:-1]
    yield plain
    yield json.dumps(text)[1:-1]
    # Go, and so the Databricks CLI
    yield re.sub("[<>&]", lambda found: f"\\u{ord(found[0]):04x}", plain)
    for form in (repr, ascii):
        yield form(text)[1:-1]
        # within a text that holds both quotes
        yield form(text + "'\"")[1:-4]
    yield repr(raw)[2:-1]
    for url in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield url
        yield re.sub("%..", lambda found: found[0].lower(), url)
    # `set -x`, `printf %q`, Python's shlex
    yield text.replace("'", "'\\''")
    yield text.replace("'", "'\"'\"'")
    yield re.sub(r"[^\w@%+=:,./-]", lambda found: f"\\{found[0]}", text, flags=re.ASCII)


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
