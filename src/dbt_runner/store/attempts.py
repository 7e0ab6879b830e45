"""Attempts that lie in the store, of whatever run: to look for and to read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dbt_runner.store.files import read_object

MARKER = "complete"
RUNS = "runs"


@dataclass(frozen=True)
class Stored:
    """The folder of an attempt; what is missing, half-written or broken in it reads as `None`."""

    folder: Path

    @property
    def id(self) -> str:
        """The attempt's id."""
        return self.folder.name.rpartition("-")[2]

    @property
    def is_complete(self) -> bool:
        """Whether everything that the attempt leaves is there."""
        return (self.folder / MARKER).is_file()

    def facts(self) -> dict[str, Any] | None:
        """`run.json`: what was known before dbt was imported."""
        return read_object(self.folder / "run.json")

    def plan(self) -> dict[str, Any] | None:
        """`plan.json`: what was going to be executed."""
        return read_object(self.folder / "plan.json")

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
