"""The idempotency token: what makes one run of what is sent several times."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from typing import Any

from dbt_runner.argv import printable
from dbt_runner.errors import SettingsError

LONGEST = 64
"""Characters (Jobs API, `idempotency_token` of run-now)."""


def given(token: str) -> str:
    """Check a token that somebody chose.

    Raises:
        SettingsError: it has another form than the API takes.
    """
    if not 1 <= len(token) <= LONGEST or not token.isascii() or not token.isprintable():
        msg = (
            f"idempotency_token: must be 1 to {LONGEST} printable ASCII characters, "
            f"got {len(token)}: {printable(token)}; --once-per takes any text"
        )
        raise SettingsError(msg)
    return token


def derived(host: str, job_id: int, parameters: Mapping[str, Any], key: str) -> str:
    """The token of an intent that its key names: equal for equal arguments alone.

    Args:
        host: in any spelling.
        job_id: of the job.
        parameters: what is sent; a default of the job that is written out is another request.
        key: names the intent.

    Raises:
        SettingsError: the key says nothing.
    """
    if not key.strip():
        msg = "once_per: must not be empty; name what is wanted once, such as a date"
        raise SettingsError(msg)
    return digest(bare_host(host), job_id, parameters, key)


def bare_host(host: str) -> str:
    """A workspace's name, however its address is spelled: scheme, `/?o=1`, port, letter case."""
    rest = host.strip().lower().partition("://")[2] or host.strip().lower()
    name = re.split("[/?#]", rest, maxsplit=1)[0]
    return re.sub(r"\.?(:443|:80)?$", "", name)


def digest(*facts: Any) -> str:
    """64 hexadecimal characters for facts that JSON can hold, whatever the order of their keys."""
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def fresh() -> str:
    """A token that nobody else has."""
    return str(uuid.uuid4())
