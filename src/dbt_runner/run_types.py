"""Which dbt commands a run type stands for."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from dbt_runner import selection

_OPTIONS = {"--select": "select", "--exclude": "exclude", "--selector": "selector"}
_NAMES = frozenset(
    {"build", "run", "seed", "snapshot", "test", "compile", "docs generate", "source freshness"}
)
_FULL_REFRESH = frozenset({"build", "run", "seed"})
_BUILDS = _FULL_REFRESH | {"snapshot"}
_REPEATABLE = frozenset({"build", "run", "seed", "snapshot", "test"})
_MACRO = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)?", re.ASCII)


@dataclass(frozen=True)
class Command:
    """One dbt command with the options that belong to it.

    Attributes:
        name: dbt's subcommand, such as `build` or `source freshness`.
        select, exclude, selector: its node selection; `None` selects everything.
        full_refresh: rebuild incremental models and seeds from nothing.
        defer: read what this run does not build from `state`.
        tolerates_stale: a stale source does not stop the commands behind this one.
        repeats: a folder whose `run_results.json` holds exactly the nodes to execute.
        macro, arguments: what `run-operation` runs, and its arguments.
    """

    name: str
    select: str | None = None
    exclude: str | None = None
    selector: str | None = None
    full_refresh: bool = False
    defer: bool = False
    tolerates_stale: bool = False
    macro: str | None = None
    arguments: Mapping[str, Any] | None = None
    repeats: Path | None = None

    def __str__(self) -> str:
        words = [self.name]
        if self.macro:
            words.append(self.macro)
        if self.arguments:
            words.append(f"--args {json.dumps(self.arguments)}")
        for option, value in (
            ("--select", self.select),
            ("--exclude", self.exclude),
            ("--selector", self.selector),
        ):
            if value:
                words.append(f"{option} {value}")
        if self.full_refresh:
            words.append("--full-refresh")
        return " ".join(words)

    @property
    def needs_state(self) -> bool:
        """Whether it compares with, or reads from, an earlier run's artifacts."""
        return (
            self.defer or selection.needs_state(self.select) or selection.needs_state(self.exclude)
        )

    @property
    def needs_previous(self) -> bool:
        """Whether it selects by what the command before it found out about the sources."""
        return "source_status:" in (self.select or "")

    @property
    def is_repeatable(self) -> bool:
        """Whether dbt can be told to execute some of its nodes and no others."""
        return self.name in _REPEATABLE

    @property
    def builds_apart(self) -> bool:
        """Whether it builds a part of the project, and reads the rest from elsewhere."""
        return self.defer and self.name in _BUILDS

    def repeat(self, folder: Path) -> Command:
        """The same command for exactly the nodes of a `run_results.json`, all with an error."""
        return replace(self, select="result:error", exclude=None, selector=None, repeats=folder)

    def refreshed(self) -> Command:
        """The same command as a full refresh, where dbt has that for it."""
        return replace(self, full_refresh=True) if self.name in _FULL_REFRESH else self


@dataclass(frozen=True)
class RunType:
    """A name for a list of dbt commands.

    Attributes:
        commands: run in order, stopping at the first that fails.
        empty_selection: what it means when the whole run selects no node.
    """

    name: str
    commands: tuple[Command, ...]
    empty_selection: Literal["error", "ok"] = "error"
    description: str = ""


def _one(name: str, description: str, command: Command | None = None) -> RunType:
    return RunType(name, (command or Command(name),), description=description)


BUILT_IN: Mapping[str, RunType] = MappingProxyType(
    {
        run_type.name: run_type
        for run_type in (
            _one("full", "rebuild everything", Command("build", full_refresh=True)),
            _one("incremental", "build, incremental models by what is new", Command("build")),
            _one("seed", "load seeds"),
            _one("run", "run models"),
            _one("snapshot", "take snapshots"),
            _one("test", "run tests"),
            _one("compile", "compile without running"),
            _one("docs", "write the documentation", Command("docs generate")),
            _one("freshness", "check how old the sources are", Command("source freshness")),
            RunType(
                "fresh",
                (
                    Command("source freshness", tolerates_stale=True),
                    Command("build", select="source_status:fresher+"),
                ),
                empty_selection="ok",
                description="build what has newer sources",
            ),
            RunType(
                "ci",
                (Command("build", select="state:modified+", defer=True),),
                empty_selection="ok",
                description="build what differs from production",
            ),
        )
    }
)


def read_command(text: str) -> Command:
    """Read one command of a project's own run type, written as for dbt's command line.

    Raises:
        ValueError: the command or an option of it is not among those that are known.
    """
    words = shlex.split(text)
    if words[:1] == ["dbt"]:
        words = words[1:]
    if words[:1] == ["run-operation"]:
        return _read_operation(words[1:])
    name = " ".join(words[:2]) if words[:1] in (["docs"], ["source"]) else " ".join(words[:1])
    if name not in _NAMES:
        msg = f"{text!r} is none of {', '.join(sorted(_NAMES | {'run-operation'}))}"
        raise ValueError(msg)
    values: dict[str, Any] = {}
    words = words[len(name.split()) :]
    while words:
        word = words.pop(0)
        if word == "--full-refresh" and name in _FULL_REFRESH:
            values["full_refresh"] = True
        elif word in _OPTIONS and words:
            check = selection.selector_name if word == "--selector" else selection.node_selection
            values[_OPTIONS[word]] = check(words.pop(0))
        else:
            msg = f"{text!r}: {word!r} is none of --full-refresh, {', '.join(_OPTIONS)} VALUE"
            raise ValueError(msg)
    return Command(name, **values)


def _read_operation(words: list[str]) -> Command:
    if words and _MACRO.fullmatch(words[0]):
        if len(words) == 1:
            return Command("run-operation", macro=words[0])
        arguments = json.loads(words[2]) if len(words) == 3 and words[1] == "--args" else None
        if isinstance(arguments, dict):
            return Command("run-operation", macro=words[0], arguments=arguments)
    msg = "run-operation is written: run-operation MACRO [--args JSON], JSON being an object"
    raise ValueError(msg)
