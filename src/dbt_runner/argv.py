"""The command line as a mapping of names to texts, without knowing what the names mean."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from dbt_runner.errors import SettingsError
from dbt_runner.redaction import redacted

HELP = frozenset({"-h", "--help"})
VERSION = frozenset({"--version"})


@dataclass(frozen=True)
class Arguments:
    """What was written on a command line.

    Attributes:
        command: the subcommand; `run` when none is written.
        values: name with underscores → text, the last one when a name is repeated.
        repeated: names given more than once, in order of appearance.
        wants_help: `-h` or `--help` was given.
        wants_version: `--version` was given.
        subject: the word behind a subcommand that needs one.
    """

    command: str = "run"
    values: dict[str, str] = field(default_factory=dict)
    repeated: tuple[str, ...] = ()
    wants_help: bool = False
    wants_version: bool = False
    subject: str | None = None


def read(
    argv: Sequence[str],
    *,
    booleans: Collection[str],
    commands: Collection[str],
    with_subject: Mapping[str, str] | None = None,
) -> Arguments:
    """Read `--key=value` and `--key value`; `-` and `_` in a name are equal.

    Databricks hands the named parameters of a wheel task over as `--key=value`
    (`PythonWheelTask.named_parameters` of the Jobs API), so that form is split at the first `=`
    and its value may be anything.

    Args:
        argv: the words behind the program's name.
        booleans: names (with underscores) that may stand without a value.
        commands: the subcommands that the first word may be.
        with_subject: those of them that need a word behind them, and what it is.

    Raises:
        SettingsError: a word is not of these forms, or a name lacks its value.
    """
    words = list(argv)
    command = "run"
    if words and not words[0].startswith("-"):
        command = words.pop(0)
        if command not in commands:
            near = get_close_matches(command, commands, n=1)
            hint = (
                f"did you mean {near[0]}?" if near else f"there is: {', '.join(sorted(commands))}"
            )
            msg = f"{printable(command)} is no command; {hint}"
            raise SettingsError(msg)
    subject = None
    if command in (with_subject or {}):
        if words and not words[0].startswith("-"):
            subject = words.pop(0)
        elif not HELP.intersection(words):
            msg = f"{command}: needs {(with_subject or {})[command]}"
            raise SettingsError(msg)
    values: dict[str, str] = {}
    repeated: list[str] = []
    wants_help = wants_version = False
    while words:
        word = words.pop(0)
        if word in HELP:
            wants_help = True
            continue
        if word in VERSION:
            wants_version = True
            continue
        name, value = _split(word, words, booleans)
        if name in values and name not in repeated:
            repeated.append(name)
        values[name] = value
    return Arguments(command, values, tuple(repeated), wants_help, wants_version, subject)


def printable(value: object) -> str:
    """A value as a person may be shown it: no secret, quoted, escaped, cut to 80 characters."""
    text = ascii(redacted(value))
    return text if len(text) <= 80 else f"{text[:77]}..."


def _split(word: str, following: list[str], booleans: Collection[str]) -> tuple[str, str]:
    if not word.startswith("--") or word[2:3] in {"", "="}:
        msg = f"{printable(word)} stands alone; settings are written --name=value"
        raise SettingsError(msg)
    key, equals, value = word[2:].partition("=")
    name = key.replace("-", "_")
    if equals:
        return name, value
    if name in booleans:
        return name, "true"
    if not following or following[0].startswith("--"):
        msg = f"{printable(word)} lacks its value; settings are written --name=value"
        raise SettingsError(msg)
    return name, following.pop(0)
