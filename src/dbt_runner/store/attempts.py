"""Attempts that lie in the store, of whatever run: to look for and to read."""

from __future__ import annotations

import glob
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from dbt_runner.store.files import read_object

MARKER = "complete"
RUNS = "runs"
KEYS = "keys"
PLAN = "plan.json"
_NAME = re.compile(r"(\d{8}T\d{6}\.\d{3})Z-[0-9a-f]{8}")


@dataclass(frozen=True)
class Stored:
    """The folder of an attempt; what is missing, half-written or broken in it reads as `None`."""

    folder: Path

    @property
    def id(self) -> str:
        """The attempt's id."""
        return self.folder.name.rpartition("-")[2]

    @property
    def place(self) -> Path:
        """The folder of all runs of its project in its place."""
        return self.folder.parent.parent

    @property
    def started(self) -> float | None:
        """When it began, seconds since the epoch; `None` for what is no attempt."""
        found = _NAME.fullmatch(self.folder.name)
        if found is None:
            return None
        try:
            return datetime.fromisoformat(f"{found[1]}+00:00").timestamp()
        except ValueError:
            return None

    @property
    def is_complete(self) -> bool:
        """Whether the attempt came to write its marker, once all that it leaves was there."""
        return read_object(self.folder / MARKER) is not None

    @property
    def is_whole(self) -> bool:
        """Whether it is complete, and its artifacts still are as they were then."""
        marker = read_object(self.folder / MARKER)
        sizes = marker.get("files", {}) if marker is not None else None
        if not isinstance(sizes, dict):
            return False
        try:
            return all((self.folder / f).stat().st_size == size for f, size in sizes.items())
        except OSError:
            return False

    def facts(self) -> dict[str, Any] | None:
        """`run.json`: what was known before dbt was imported."""
        return read_object(self.folder / "run.json")

    def plan(self) -> dict[str, Any] | None:
        """`plan.json`: what was going to be executed.

        The nodes of a command are `None` if it was never planned; what was planned only when its
        turn came stands in a file of its own.
        """
        plan = read_object(self.folder / PLAN)
        commands = plan.get("commands") if plan else None
        if plan is None or not isinstance(commands, list):
            return None
        for number, command in enumerate(commands):
            if not isinstance(command, dict):
                return None
            if command.get("nodes") is None:
                commands[number] = read_object(self.folder / later_plan(number)) or command
        return plan

    def summary(self) -> dict[str, Any] | None:
        """`summary.json`: how it ended."""
        return read_object(self.folder / "summary.json")


def attempts(place: Path) -> Iterator[Stored]:
    """The attempts in one place, the newest first; none where there is no such folder.

    Args:
        place: the folder of all runs of one project in one place (`artifacts.place`).
    """
    try:
        folders = sorted((place / RUNS).iterdir(), reverse=True)
    except OSError:
        return
    yield from (Stored(folder) for folder in folders)


def linked(place: Path, key: str) -> Iterator[Stored]:
    """The attempts of one logical run that came to have a plan, the one that did so last first.

    Their names stand in a folder of the key, so that the store need not be searched for them, in
    the order in which they came to it: by their starts one that waited, or whose machine's clock
    is behind, would count as older than one that it goes on with.
    """
    for link in reversed(links(place, key)):
        yield Stored(place / RUNS / link.name.partition("-")[2])


def links(place: Path, key: str) -> list[Path]:
    """The files that link the attempts of one logical run, `<number>-<name of its folder>`."""
    try:
        return sorted(f for f in keys(place, key).iterdir() if f.name.partition("-")[0].isdecimal())
    except OSError:
        return []


def new_link(place: Path, key: str, name: str) -> Path:
    """The file that is to link one more attempt, behind those that are there.

    Args:
        name: of the attempt's folder.
    """
    last = "".join(link.name.partition("-")[0] for link in links(place, key)[-1:])
    return keys(place, key) / f"{int(last or 0) + 1:06}-{name}"


def by_id(artifacts: Path, text: str) -> list[Stored]:
    """The attempts in any place whose id begins so, the newest first."""
    names = f"*/*/*/*/{RUNS}/*-{glob.escape(text)}*"
    found = [Stored(folder) for folder in artifacts.glob(names)]
    return sorted(found, key=lambda stored: stored.folder.name, reverse=True)


def keys(place: Path, key: str) -> Path:
    """The folder with a file for each attempt that has this `resume_key`."""
    return place / KEYS / hashlib.sha256(key.encode()).hexdigest()[:32]


def later_plan(number: int) -> str:
    """The file with the plan of a command, from 0, that was made when its turn came."""
    return f"plan-{number + 1:02}.json"
