"""A whole run-now request as somebody wrote it: `--json` of our command."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from dbt_runner.argv import printable
from dbt_runner.errors import SettingsError
from dbt_runner.jobs.trigger import parameter_object, tokens
from dbt_runner.jobs.trigger.parameter_object import KINDS

_FIELDS = ("job_id", "idempotency_token", *KINDS)
_ELSEWHERE = {
    "timeout_seconds": "the client's wait is --timeout, and the job's own limit stands in the job",
    "dbt_commands": "declare job parameters, which the task refers to",
    "sql_params": "declare job parameters, which the task refers to",
    "pipeline_params": "start such a job with the Databricks CLI",
}


@dataclass(frozen=True)
class Payload:
    """What a request asks for.

    Attributes:
        kind: name of its parameter object.
        named, words: what the object holds, by its container.
    """

    job_id: int
    kind: str | None = None
    named: Mapping[str, str] = field(default_factory=dict)
    words: Sequence[str] = ()
    idempotency_token: str | None = None


def load(text: str) -> Payload:
    """Read JSON, or with `@` before its name a file of it.

    Raises:
        SettingsError: it cannot be read, or is no request that this client sends.
    """
    if text.startswith("@"):
        try:
            text = Path(text[1:]).read_text(encoding="utf-8-sig")
        except (OSError, ValueError) as error:
            msg = f"json: the file cannot be read: {' '.join(str(error).split())}"
            raise SettingsError(msg) from error
    try:
        content = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        msg = f"json: must be a JSON object, or @ and a file's name: {error}"
        raise SettingsError(msg) from None
    return read(content)


def read(content: object) -> Payload:
    """Check a request against the rules of run-now.

    Raises:
        SettingsError: a field is unknown or of another type, or there are two parameter objects.
    """
    if not isinstance(content, Mapping):
        msg = f"json: must be an object, got {printable(content)}"
        raise SettingsError(msg)
    for name in content:
        if name not in _FIELDS:
            raise _unknown(str(name))
    kinds = [name for name in KINDS if name in content]
    if len(kinds) > 1:
        msg = f"json: {' and '.join(kinds)}: only one parameter object goes with a run; keep one"
        raise SettingsError(msg)
    kind = KINDS[kinds[0]] if kinds else None
    value: Any = content[kind.name] if kind else ()
    if kind:
        parameter_object.check(kind, value)
    token = content.get("idempotency_token")
    if token is not None and not isinstance(token, str):
        msg = f"idempotency_token: must be a text, got {printable(token)}"
        raise SettingsError(msg)
    return Payload(
        _job_id(content.get("job_id")),
        kind.name if kind else None,
        value if kind and kind.is_map else {},
        value if kind and not kind.is_map else (),
        None if token is None else tokens.given(token),
    )


def _job_id(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**63:
        msg = f"job_id: must be the number of a job, got {printable(value)}"
        raise SettingsError(msg)
    return value


def _unknown(name: str) -> SettingsError:
    near = get_close_matches(name, _FIELDS, n=1)
    hint = _ELSEWHERE.get(name) or (
        f"did you mean {near[0]}?" if near else f"there is {', '.join(_FIELDS)}"
    )
    return SettingsError(f"json: {printable(name)} is no field that is sent; {hint}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        msg = "a name stands twice in an object"
        raise ValueError(msg)
    return found
