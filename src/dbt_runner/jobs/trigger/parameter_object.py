"""The one parameter object of a run-now request: which there are, and what they may hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dbt_runner.argv import printable
from dbt_runner.errors import SettingsError
from dbt_runner.redaction import holds_secret
from dbt_runner.secret_names import is_switch, names_secret_exactly

_WORD = re.compile(r"-*([\w.-]+)=(.*)", re.DOTALL)
_HARMLESS = re.compile(
    r"""[\d.,:+\-TZ ]+ | \{\{[^{}]*\}\} | [A-Za-z_]+ (?: ,[ ]? [A-Za-z_]+ )+""", re.VERBOSE
)

LARGEST = 10_000
"""Bytes of the object as JSON, its name included (Jobs API, run-now)."""


@dataclass(frozen=True)
class Kind:
    """A parameter object.

    Attributes:
        name: the field of run-now.
        is_map: names and values; else a list of words.
        ascii_only: the API refuses other characters.
    """

    name: str
    is_map: bool
    ascii_only: bool = False


JOB = Kind("job_parameters", is_map=True)
NAMED = Kind("python_named_params", is_map=True)
NOTEBOOK = Kind("notebook_params", is_map=True)
WORDS = Kind("python_params", is_map=False, ascii_only=True)
JAR = Kind("jar_params", is_map=False)
SUBMIT = Kind("spark_submit_params", is_map=False)

KINDS = {kind.name: kind for kind in (JOB, NAMED, NOTEBOOK, WORDS, JAR, SUBMIT)}


def kind_of(name: str) -> Kind:
    """Find a kind by the name of its field.

    Raises:
        SettingsError: there is none of that name.
    """
    if name not in KINDS:
        msg = f"send: {printable(name)} is no parameter object; there is {', '.join(KINDS)}"
        raise SettingsError(msg)
    return KINDS[name]


def check(kind: Kind, value: object) -> None:
    """Check what one parameter object holds.

    Raises:
        SettingsError: not the container or the texts that the API takes, or too much of it.
    """
    if kind.is_map:
        if not isinstance(value, Mapping):
            msg = f"{kind.name}: must be an object of names and texts, got {printable(value)}"
            raise SettingsError(msg)
        for name, text in value.items():
            _check_name(kind, name)
            _check_text(kind, f"{kind.name}.{name}", text)
    else:
        if isinstance(value, str) or not isinstance(value, Sequence):
            msg = f"{kind.name}: must be a list of texts, got {printable(value)}"
            raise SettingsError(msg)
        for place, text in enumerate(value):
            _check_text(kind, f"{kind.name}[{place}]", text)
    _check_public(kind, list(value.items() if isinstance(value, Mapping) else _named(value)))
    _check_size(kind, value)


def _check_name(kind: Kind, name: object) -> None:
    if not isinstance(name, str) or not name or not name.isprintable():
        msg = f"{kind.name}: {printable(name)} is no name of a parameter"
        raise SettingsError(msg)


def _check_text(kind: Kind, place: str, text: Any) -> None:
    if not isinstance(text, str):
        msg = f"{place}: must be a text, got {printable(text)}; write it in quotes"
        raise SettingsError(msg)
    try:
        text.encode()
    except UnicodeEncodeError:
        msg = f"{place}: holds bytes that are no UTF-8, got {printable(text)}"
        raise SettingsError(msg) from None
    if kind.ascii_only and not text.isascii():
        msg = f"{place}: must be ASCII, which is all that {kind.name} takes, got {printable(text)}"
        raise SettingsError(msg)
    if "\0" in text:
        msg = f"{place}: must not hold a null character, got {printable(text)}"
        raise SettingsError(msg)


def _named(words: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The words of a list, each with its name: `--name=value`, `name=value`, `--name value`."""
    before = ""
    for word in words:
        found = _WORD.fullmatch(word)
        is_option = word.startswith("--")
        yield (found[1], found[2]) if found else ("" if is_option else before, word)
        before = word.lstrip("-") if is_option and not found else ""


def _check_public(kind: Kind, given: list[tuple[str, str]]) -> None:
    """Refuse a secret: everybody who sees the run sees its parameters."""
    has_scope = any("scope" in name.lower() for name, _ in given)
    for place, text in given:
        for name, part in _within(place, text):
            # beside its scope a key is the name of a secret
            in_scope = has_scope and name.lower().endswith("key")
            told = names_secret_exactly(name) and not in_scope and not _is_harmless(part)
            if told or holds_secret(part):
                msg = (
                    f"{kind.name}: {printable(name)[1:-1] or 'a word'} looks like a secret, and "
                    "the parameters of a run are shown on its page; keep it in a secret scope "
                    "that the job reads"
                )
                raise SettingsError(msg)


def _within(name: str, text: str) -> Iterator[tuple[str, str]]:
    """A text, and each text in the JSON that it holds, with the nearest name above."""
    yield name, text
    stack = [(name, _as_json(text))]
    while stack:
        above, value = stack.pop()
        for key, item in _items(above, value):
            if isinstance(item, str):
                yield key, item
            stack.append((key, _as_json(item) if isinstance(item, str) else item))


def _items(above: str, value: object) -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict):
        return value.items()
    return ((above, item) for item in value) if isinstance(value, list) else ()


def _as_json(text: str) -> Any:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _is_harmless(text: str) -> bool:
    """Whether it is none by its value: nothing, a switch, a number, a date, a reference, a list."""
    return not text or is_switch(text) or _HARMLESS.fullmatch(text) is not None


def _check_size(kind: Kind, value: object) -> None:
    shown = {kind.name: value}
    # one is what is sent, the other is how the server may count
    size = max(
        len(json.dumps(shown, separators=(",", ":"), ensure_ascii=escaped).encode())
        for escaped in (True, False)
    )
    if size > LARGEST:
        msg = f"{kind.name}: must be {LARGEST} bytes as JSON at most, got {size}"
        raise SettingsError(msg)
