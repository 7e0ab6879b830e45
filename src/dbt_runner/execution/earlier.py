"""What an earlier attempt of the same logical run left behind."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dbt_runner.argv import printable
from dbt_runner.errors import SettingsError
from dbt_runner.redaction import HIDDEN
from dbt_runner.run_types import Command
from dbt_runner.store import journal
from dbt_runner.store.attempts import Stored, by_id, linked
from dbt_runner.store.files import read_object
from dbt_runner.store.journal import Entry

MAX_NAMED = 3
_ARTIFACTS = {
    "compile": "manifest.json",
    "docs generate": "catalog.json",
    "source freshness": "sources.json",
}
"""What a command leaves of which the parts cannot be made one by one."""


@dataclass(frozen=True)
class Earlier:
    """An attempt that had a plan.

    Attributes:
        fingerprint: see `engine.fingerprint`.
        state: the artifacts that it compared with.
        planned: the nodes of each command; `None` for a command that it never came to plan.
        ends: the last word on each node, also on what attempts before it had done.
    """

    attempt: Stored
    fingerprint: Mapping[str, Mapping[str, str]]
    state: str | None
    planned: tuple[tuple[str, ...] | None, ...]
    ends: Mapping[tuple[int, str], Entry]

    def folder(self, command_folder: Path) -> Path:
        """Where it published the artifacts of a command.

        Args:
            command_folder: this run's own folder for the same command.
        """
        return self.attempt.folder / "commands" / command_folder.name

    def has_artifacts(self, command: Command, command_folder: Path) -> bool:
        """Whether it left what a command makes as a whole, none that is repeatable or a macro."""
        name = _ARTIFACTS[command.name]
        return read_object(self.folder(command_folder) / name) is not None


def find(place: Path, key: str, commands: Sequence[str]) -> Earlier | None:
    """The newest attempt of a logical run that was to do the same commands.

    Args:
        place: the folder of all runs of the project in this place.
        key: the `resume_key`.
    """
    found = (read(stored, commands) for stored in linked(place, key))
    return next((earlier for earlier in found if earlier), None)


def read(stored: Stored, commands: Sequence[str]) -> Earlier | None:
    """An attempt's plan and journal; `None` if it had no plan, or was to do other commands."""
    plan = stored.plan()
    if plan is None or [c.get("command") for c in plan["commands"]] != list(commands):
        return None
    try:
        carried = [Entry(**item) for item in plan["carried"]]
        planned = tuple(_ids(command.get("nodes")) for command in plan["commands"])
        ends = {entry.key: entry for entry in carried} | journal.read(stored.folder)
        return Earlier(stored, plan["fingerprint"], plan["state"], planned, ends)
    except (KeyError, TypeError):
        return None


def stored(artifacts: str, attempt: str) -> Stored:
    """An attempt by its id.

    Raises:
        SettingsError: there is none, or more than one whose id begins so.
    """
    found = by_id(Path(artifacts), attempt)
    if len(found) == 1:
        return found[0]
    names = ", ".join(one.id for one in found)
    text = f"begins {len(found)} ids: {names}" if found else f"is no attempt in {artifacts}"
    msg = f"resume: {printable(attempt)} {text}; its id is in the run's last line"
    raise SettingsError(msg)


def settings(attempt: Stored) -> dict[str, str]:
    """The settings of an attempt, as they would be written on a command line.

    Raises:
        SettingsError: they are not there, or were not written down for looking like a secret.
    """
    facts = attempt.facts() or {}
    given = facts.get("settings")
    if not isinstance(given, dict):
        msg = f"resume: attempt {attempt.id} has no run.json that can be read; run it anew"
        raise SettingsError(msg)
    texts = {name: _text(value) for name, value in given.items()}
    hidden = [name for name, text in texts.items() if HIDDEN in text]
    if hidden:
        msg = f"resume: {hidden[0]} looked like a secret and was not written down; run it anew"
        raise SettingsError(msg)
    return {**texts, "resume": "auto"}


def differences(
    then: Mapping[str, Mapping[str, str]], now: Mapping[str, Mapping[str, str]]
) -> list[str]:
    """In what two fingerprints differ, in words."""
    told = []
    for kind in sorted({*then, *now}):
        before, after = then.get(kind, {}), now.get(kind, {})
        names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
        if names:
            more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
            told.append(f"{kind}: {', '.join(names[:MAX_NAMED])}{more}")
    return told


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _ids(nodes: list[dict[str, Any]] | None) -> tuple[str, ...] | None:
    return None if nodes is None else tuple(str(node["unique_id"]) for node in nodes)
