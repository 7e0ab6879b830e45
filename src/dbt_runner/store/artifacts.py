"""The folder of one attempt, and where the newest complete one lies."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex
from typing import Any

from dbt_runner.errors import NotPublished, SettingsError
from dbt_runner.redaction import clean
from dbt_runner.store.attempts import MARKER, RUNS, attempts, new_link
from dbt_runner.store.files import write_whole
from dbt_runner.store.publication import Publication


class Attempt:
    """`<artifacts>/<project>/<target>/<catalog>/<target_schema>/runs/<UTC start>-<attempt id>/`.

    Files are written whole and once; the marker comes last.

    Args:
        place: the folder of all runs of one project in one place.
        started: seconds since the epoch.
        key: what links it to other attempts of the same logical run; its own id for the first one
            of a run that nothing else names.
        secrets: tells what must not be written down.
    """

    def __init__(
        self,
        place: Path,
        started: float,
        key: str | None = None,
        secrets: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        self.id = token_hex(4)
        self.key = key or self.id
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(started))
        self._place = place
        self.folder = place / RUNS / f"{stamp}.{int(started % 1 * 1000):03}Z-{self.id}"
        self._secrets = secrets
        self._publication = Publication(self.folder, secrets)

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

    def write(self, name: str, content: dict[str, Any], indent: int | None = 1) -> None:
        """Write one JSON file.

        Args:
            indent: of its lines; `None` for one line, which Python writes in C.

        Raises:
            NotPublished: it cannot be written.
        """
        text = json.dumps(content, ensure_ascii=False, default=str, indent=indent)
        data = clean(f"{text}\n".encode(errors="replace"), self._secrets(), is_json=True)
        try:
            write_whole(self.folder / name, data)
        except OSError as error:
            msg = f"{self.folder / name} cannot be written: {error.strerror or error}"
            raise NotPublished(msg) from error

    def announce(self, name: str, content: dict[str, Any]) -> None:
        """Write a JSON file that has to be there before the run goes on.

        Raises:
            SettingsError: it cannot be written.
        """
        try:
            self.write(name, content, indent=None)
        except NotPublished as error:
            msg = f"artifacts: {error}; name another folder"
            raise SettingsError(msg) from error

    def link(self) -> None:
        """Let a later attempt of the same logical run find this one by its key.

        Raises:
            SettingsError: that cannot be written down.
        """
        link = new_link(self._place, self.key, self.folder.name)
        try:
            link.parent.mkdir(parents=True, exist_ok=True)
            write_whole(link, json.dumps({"resume_key": self.key}).encode())
        except OSError as error:
            msg = f"artifacts: {link} cannot be written: {error.strerror or error}; name another"
            raise SettingsError(msg) from error

    def publish_command(self, target_path: Path) -> None:
        """Copy the artifacts of a command that is done.

        Raises:
            NotPublished: an artifact is broken, or cannot be copied; `publish` tries it again.
        """
        self._look_for_folder()
        self._publication.command(target_path)

    def publish(self, workspace: Path) -> None:
        """Copy what is not there yet out of a run's workspace: `commands/` and `dbt.log`.

        What is in order is copied also where something else is not.

        Raises:
            NotPublished: an artifact is broken, or cannot be copied.
        """
        self._look_for_folder()
        commands, log = workspace / "commands", workspace / "logs" / "dbt.log"
        lost: NotPublished | None = None
        for target_path in sorted(commands.iterdir()) if commands.is_dir() else ():
            try:
                self._publication.command(target_path)
            except NotPublished as error:
                lost = lost or error
        if log.is_file():
            self._publication.log(log)
        if lost:
            raise lost

    def complete(self) -> None:
        """Write the marker that says that everything is there.

        Raises:
            NotPublished: it cannot be written.
        """
        self.write(MARKER, {"attempt": self.id, "files": self._publication.sizes})

    def _look_for_folder(self) -> None:
        if not self.folder.is_dir():
            msg = f"{self.folder} has vanished during the run"
            raise NotPublished(msg)


def place(
    artifacts: Path, project: str, target: str, catalog: str | None, schema: str | None
) -> Path:
    """The folder of all runs of one project in one place; `_` for what only dbt can tell."""
    return artifacts.joinpath(project, target, catalog or "_", schema or "_")


def newest(place: Path, wanted: Callable[[dict[str, Any]], bool]) -> Path | None:
    """The newest complete run whose summary is wanted; `None` if there is none."""
    for attempt in attempts(place):
        summary = attempt.summary() if attempt.is_whole else None
        if summary is not None and wanted(summary):
            return attempt.folder
    return None
