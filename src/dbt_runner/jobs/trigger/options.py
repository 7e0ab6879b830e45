"""The words behind `trigger`, `attach`, `cancel` and `repair`, sorted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from dbt_runner import argv
from dbt_runner.argv import printable
from dbt_runner.errors import SettingsError
from dbt_runner.parameters import RunParameters
from dbt_runner.settings import BOOLEANS

_COMMON = ("host", "log_format", "timeout")
_WATCHING = (*_COMMON, "cancel_on_interrupt")
_JOB = ("job_id", "job_name", "bundle_key", "bundle_target", "bundle_dir", "json")
_INTENT = ("idempotency_token", "once_per", "resume", "another")
OPTIONS = {
    "trigger": (*_JOB, *_INTENT, "send", "no_wait", "dry_run", *_WATCHING),
    "attach": _WATCHING,
    "cancel": _COMMON,
    "repair": ("no_wait", *_WATCHING),
}
_FLAGS = frozenset({"no_wait", "dry_run", "resume", "another", "cancel_on_interrupt"})
_LONGEST_WAIT = 31_536_000


@dataclass(frozen=True)
class Options:
    """A command line of the client.

    Attributes:
        subject: the job, or the id of a run; `None` where it is named otherwise.
        values: name → text of the command's own options.
        named: run parameters by name.
        words: run parameters as a list.
    """

    command: str
    subject: str | None = None
    values: dict[str, str] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    wants_help: bool = False

    def flag(self, name: str) -> bool:
        """Whether a switch is on.

        Raises:
            SettingsError: it is neither on nor off.
        """
        text = self.values.get(name, "false").lower()
        if text not in {"true", "false"}:
            msg = f"{name}: must be true or false, got {printable(self.values[name])}"
            raise SettingsError(msg)
        return text == "true"

    @property
    def timeout(self) -> int | None:
        """Seconds that the client waits.

        Raises:
            SettingsError: it is no whole number from 1.
        """
        text = self.values.get("timeout")
        if text is None:
            return None
        if not re.fullmatch("[0-9]{1,9}", text) or not 0 < int(text) <= _LONGEST_WAIT:
            msg = f"timeout: must be whole seconds from 1 to {_LONGEST_WAIT}, got {printable(text)}"
            raise SettingsError(msg)
        return int(text)


def read(words: Sequence[str]) -> Options:
    """Sort a command line, of which the first word is the command.

    Raises:
        SettingsError: a word is not understood, a name is given twice, or a switch neither on nor
            off.
    """
    command, *rest = words
    subject = rest.pop(0) if rest and not rest[0].startswith("-") else None
    if rest and not rest[0].startswith("-"):
        msg = f"{printable(rest[0])} stands alone; settings are written --name=value"
        raise SettingsError(msg)
    parameters, rest = _taken("--param", rest)
    arguments, rest = _taken("--arg", rest)
    found = argv.read(rest, booleans=BOOLEANS | _FLAGS, commands=())
    if found.repeated:
        msg = f"{found.repeated[0]}: given more than once; keep one"
        raise SettingsError(msg)
    if found.wants_version:
        raise _unknown(command, "version")
    own = OPTIONS[command]
    values = {name: text for name, text in found.values.items() if name in own}
    named = {name: text for name, text in found.values.items() if name not in own}
    for name in named:
        if command != "trigger" or name not in RunParameters.model_fields:
            raise _unknown(command, name)
    if command != "trigger" and (parameters or arguments):
        raise _unknown(command, "param" if parameters else "arg")
    for text in parameters:
        name, value = _split(text)
        if name in named:
            msg = f"param: {name} is given more than once; keep one"
            raise SettingsError(msg)
        named[name] = value
    given = Options(command, subject, values, named, tuple(arguments), found.wants_help)
    for name in _FLAGS & values.keys():
        given.flag(name)
    return given


def _taken(option: str, words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The values of an option that may be repeated, and what is left."""
    values, rest = [], []
    following = iter(words)
    for word in following:
        if word.startswith(f"{option}="):
            values.append(word.partition("=")[2])
        elif word == option:
            value = next(following, None)
            if value is None or value.startswith("--"):
                msg = f"{option} lacks its value; one that begins with -- is written {option}=VALUE"
                raise SettingsError(msg)
            values.append(value)
        else:
            rest.append(word)
    return values, rest


def _split(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        # the name may have been forgotten, and the value be a secret
        msg = f"param: must be name=value, got {len(text)} characters without a name or a ="
        raise SettingsError(msg)
    return name, value


def _unknown(command: str, name: str) -> SettingsError:
    known = [*OPTIONS[command]]
    if command == "trigger":
        known += ["param", "arg", *RunParameters.model_fields]
    near = get_close_matches(name, known, n=1)
    option = f"--{printable(name)[1:-1].replace('_', '-')}"
    hint = (
        f"did you mean --{near[0].replace('_', '-')}?"
        if near
        else f"see dbt-runner {command} --help"
    )
    other = "; another parameter of the job is written --param name=value"
    return SettingsError(
        f"{option}: is no option of {command}; {hint}{other if command == 'trigger' else ''}"
    )
