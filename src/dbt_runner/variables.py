"""dbt's variables (`--vars`): which values may reach Jinja, and through it SQL."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn, cast

from dbt_runner.redaction import names_secret, redacted

Scalar = str | int | float | bool | None
Value = Scalar | list["Value"] | dict[str, "Value"]

MAX_BYTES = 8192
MAX_DEPTH = 5
MAX_NAME = 128
MAX_DIGITS = 38  # of the widest decimal of DuckDB and Spark
_NAME = re.compile(r"[A-Za-z_]\w{0,127}", re.ASCII)
_JINJA = ("{{", "{%", "{#")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_QUOTING = re.compile(r"""['"`\\;]|--|/\*""")


def read(text: str) -> dict[str, Value]:
    """Read a JSON object of variables.

    dbt renders every text in `--vars` as Jinja, which can run SQL and read the environment, also
    under `dbt compile`. So a value never holds Jinja; nor a control character, which YAML, the
    artifacts or a log would trip over. Only JSON is read: YAML would turn `010` into 8.

    Raises:
        ValueError: it is no JSON object, or a name or value in it is not allowed.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        msg = f"must not be longer than {MAX_BYTES} bytes"
        raise ValueError(msg)
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_no_constant, parse_int=_whole_number
        )
    except json.JSONDecodeError as error:
        msg = f'must be a JSON object such as {{"name": 1}} ({error.msg}, column {error.colno})'
        raise ValueError(msg) from None
    except RecursionError:
        value = None
    if not isinstance(value, dict):
        msg = 'must be a JSON object such as {"name": 1}'
        raise ValueError(msg)  # noqa: TRY004 - pydantic reads it
    for name, item in value.items():
        if not _NAME.fullmatch(name):
            msg = f"{name!a} is no name of a variable"
            raise ValueError(msg)
        _check_name(name)
        _check(name, item, depth=2)
    return cast("dict[str, Value]", value)


def texts(value: Value) -> Iterator[str]:
    """Every text in a value, names of nested objects included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from texts(item)


def holds_quoting(value: Value) -> bool:
    """Whether a text in it could end a literal of SQL, or begin a comment or statement."""
    return any(_QUOTING.search(text) for text in texts(value))


def _check(name: str, value: Value, depth: int) -> None:
    if depth > MAX_DEPTH:
        msg = f"{name} is nested deeper than {MAX_DEPTH} levels"
        raise ValueError(msg)
    if isinstance(value, float) and ("e" in repr(value) or not math.isfinite(value)):
        # YAML, which dbt reads it with, takes 1e+22 and Infinity for texts
        msg = f"{name} is the number {value!r}; write it without an exponent"
        raise ValueError(msg)
    if isinstance(value, str):
        _check_text(name, value)
    elif isinstance(value, list):
        for item in value:
            _check(name, item, depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(name, key)
            _check_name(key)
            if len(key) > MAX_NAME:
                # YAML knows no longer keys than 1024 characters
                msg = f"{name} holds a name of more than {MAX_NAME} characters"
                raise ValueError(msg)
            _check(name, item, depth + 1)


def _check_name(name: str) -> None:
    if names_secret(name):
        # dbt writes variables into its artifacts, and a job shows its parameters to many
        msg = f"{name} is named like a secret; let the project read it from the environment"
        raise ValueError(msg)


def _check_text(name: str, text: str) -> None:
    if any(mark in text for mark in _JINJA):
        msg = f"{name} holds Jinja, which dbt would run; give the plain value"
        raise ValueError(msg)
    if _CONTROL.search(text):
        msg = f"{name} holds a control character"
        raise ValueError(msg)
    if redacted(text) != text:
        # dbt writes variables into its artifacts, and a job shows its parameters to many
        msg = f"{name} holds what looks like a token; let the project read it from the environment"
        raise ValueError(msg)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            msg = f"{name!a} is given twice"
            raise ValueError(msg)
    return dict(pairs)


def _no_constant(name: str) -> NoReturn:
    msg = f"must not hold {name}, which JSON does not have"
    raise ValueError(msg)


def _whole_number(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_DIGITS:
        msg = f"must not hold a number of more than {MAX_DIGITS} digits"
        raise ValueError(msg)
    return int(digits)
