"""The folder of one attempt, and where the newest complete one lies."""

from __future__ import annotations

import json
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dbt_runner.errors import NotPublished, SettingsError
from dbt_runner.store.attempts import MARKER, RUNS, attempts, keys
from dbt_runner.store.files import write_whole

_LEFT_OUT = frozenset({"partial_parse.msgpack", "graph.gpickle", "perf_info.json", "run"})
"""What dbt leaves in a target path for itself, and the statements around the compiled SQL."""


class Attempt:
    """`<artifacts>/<project>/<target>/<catalog>/<target_schema>/runs/<UTC start>-<attempt id>/`.

    Files are written whole and once; the marker comes last.

    Args:
        key: what links it to other attempts of the same logical run; its own id for the first one
            of a run that nothing else names.
    """

    def __init__(self, place: Path, started: float, key: str | None = None) -> None:
        self.id = secrets.token_hex(4)
        self.key = key or self.id
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(started))
        self._place = place
        self.folder = place / RUNS / f"{stamp}.{int(started % 1 * 1000):03}Z-{self.id}"

    def create(self) -> None:
        """Make the folder, and so find out before anything runs whether that is possible.

        Raises:
            SettingsError: it is not.
        """
        try:
            self.folder.mkdir(parents=True)
        except OSError as error:
            msg = f"artifacts: {self.folder} cannot be made: {error.strerror}; name another folder"
            raise SettingsError(msg) from error

    def write(self, name: str, content: dict[str, Any]) -> None:
        """Write one JSON file.

        Raises:
            NotPublished: it cannot be written.
        """
        text = json.dumps(content, ensure_ascii=False, default=str, indent=1)
        try:
            write_whole(self.folder / name, f"{text}\n".encode(errors="replace"))
        except OSError as error:
            msg = f"{self.folder / name} cannot be written: {error.strerror or error}"
            raise NotPublished(msg) from error

    def announce(self, name: str, content: dict[str, Any]) -> None:
        """Write a JSON file that has to be there before the run goes on.

        Raises:
            SettingsError: it cannot be written.
        """
        try:
            self.write(name, content)
        except NotPublished as error:
            msg = f"artifacts: {error}; name another folder"
            raise SettingsError(msg) from error

    def link(self) -> None:
        """Let a later attempt of the same logical run find this one by its key.

        Raises:
            SettingsError: that cannot be written down.
        """
        folder = keys(self._place, self.key)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / self.folder.name, json.dumps({"resume_key": self.key}).encode())
        except OSError as error:
            msg = f"artifacts: {folder} cannot be written: {error.strerror or error}; name another"
            raise SettingsError(msg) from error

    def publish(self, workspace: Path) -> None:
        """Copy a run's artifacts out of its workspace: `commands/` and `dbt.log`.

        Raises:
            NotPublished: an artifact is broken, or cannot be copied.
        """
        if not self.folder.is_dir():
            msg = f"{self.folder} has vanished during the run"
            raise NotPublished(msg)
        try:
            commands = workspace / "commands"
            if commands.is_dir():
                _check(commands)
                for target_path in commands.iterdir():
                    shutil.copytree(
                        target_path,
                        self.folder / "commands" / target_path.name,
                        ignore=lambda folder, names, top=target_path: (
                            _LEFT_OUT.intersection(names) if Path(folder) == top else ()
                        ),
                        copy_function=shutil.copyfile,
                    )
            log = workspace / "logs" / "dbt.log"
            if log.is_file():
                shutil.copyfile(log, self.folder / "dbt.log")
        except (OSError, shutil.Error) as error:
            msg = f"{self.folder}: {_reason(error)}"
            raise NotPublished(msg) from error

    def complete(self) -> None:
        """Write the marker that says that everything is there.

        Raises:
            NotPublished: it cannot be written.
        """
        self.write(MARKER, {"attempt": self.id})


def place(
    artifacts: Path, project: str, target: str, catalog: str | None, schema: str | None
) -> Path:
    """The folder of all runs of one project in one place; `_` for what only dbt can tell."""
    return artifacts.joinpath(project, target, catalog or "_", schema or "_")


def newest(place: Path, wanted: Callable[[dict[str, Any]], bool]) -> Path | None:
    """The newest complete run whose summary is wanted; `None` if there is none."""
    for attempt in attempts(place):
        summary = attempt.summary() if attempt.is_complete else None
        if summary is not None and wanted(summary):
            return attempt.folder
    return None


def _check(commands: Path) -> None:
    for file in commands.glob("*/*.json"):
        try:
            json.loads(file.read_bytes())
        except ValueError as error:
            msg = f"{file.name} of {file.parent.name} is broken, so it was not stored: {error}"
            raise NotPublished(msg) from error


def _reason(error: OSError | shutil.Error) -> str:
    if isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list):
        return str(error.args[0][0][2])
    return str(error.strerror or error)
