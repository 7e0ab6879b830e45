"""The journal of an attempt: how its nodes ended, durable soon after they did.

`journal/<segment>-<count>.json` holds the entries of one segment. As entries come, the segment is
written again under the next count and the file before it deleted, so that nothing is appended or
overwritten, and a thousand nodes leave a handful of files to read.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dbt_runner.store.files import read_object, write_whole

FOLDER = "journal"
STARTED = "started"
THROUGH = "through"
SEGMENT = 200
"""Entries of a segment before the next one is begun."""


@dataclass(frozen=True)
class Entry:
    """What became of a node of a command, or of the command.

    Attributes:
        command: position of the command in the run, from 0.
        unique_id: empty for the command as a whole.
        status: one of the runner's; `started` for a node that must not be executed twice and has
            been begun; `through` for a command of which nothing is left.
        seconds: wall time.
        message: of a node that did what it should; others' may hold data.
        rows: rows written, where the adapter tells.
        at: when, seconds since the epoch.
    """

    command: int
    unique_id: str
    status: str
    seconds: float = 0.0
    message: str | None = None
    rows: int | None = None
    at: float = 0.0

    @property
    def key(self) -> tuple[int, str]:
        """What it is about; of several with one key the last one counts."""
        return self.command, self.unique_id


class Journal:
    """Writes entries from a thread of its own, so that no node waits for the storage.

    Args:
        folder: the attempt's.
        trouble: told why entries cannot be written, once until they can be again. They are kept,
            and tried again with the next ones.
        pause: seconds in which entries are gathered before they are written.
    """

    def __init__(self, folder: Path, trouble: Callable[[str], None], pause: float = 0.25) -> None:
        self._folder = folder / FOLDER
        self._trouble = trouble
        self._pause = pause
        self._statuses: dict[tuple[int, str], str] = {}
        self._waiting: list[Entry] = []
        self._segment: list[Entry] = []
        self._number = 0
        self._count = 0
        self._files: list[Path] = []
        self._troubled = False
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._write_on, name="journal", daemon=True)

    def begin(self) -> None:
        """Start to write."""
        self._thread.start()

    def add(self, entry: Entry) -> None:
        """Take an entry, of any thread; one that says nothing new is left out."""
        with self._lock:
            if self._statuses.get(entry.key) == entry.status:
                return
            self._statuses[entry.key] = entry.status
            self._waiting.append(entry)
        self._news.set()

    def close(self, timeout: float = 30.0) -> bool:
        """Write what is left; whether that could be done in so many seconds."""
        self._closing.set()
        self._news.set()
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive() and not self._waiting

    def _write_on(self) -> None:
        while True:
            self._news.wait()
            self._closing.wait(self._pause)
            self._news.clear()
            last = self._closing.is_set()
            with self._lock:
                fresh = list(self._waiting)
            if fresh and self._write(fresh):
                with self._lock:
                    del self._waiting[: len(fresh)]
            elif fresh and not last:
                # the storage may be back before the next node is done
                self._news.set()
            if last:
                return

    def _write(self, fresh: list[Entry]) -> bool:
        entries = [*self._segment, *fresh]
        self._count += 1
        file = self._folder / f"{self._number:04}-{self._count:04}.json"
        content: dict[str, Any] = {"entries": [asdict(entry) for entry in entries]}
        try:
            self._folder.mkdir(exist_ok=True)
            write_whole(file, json.dumps(content).encode())
        except OSError as error:
            if not self._troubled:
                self._trouble(f"{self._folder}: {error.strerror or error}")
            self._troubled = True
            return False
        before, self._files = self._files, [file]
        self._segment, self._troubled = entries, False
        if len(entries) >= SEGMENT:
            self._segment, self._files = [], []
            self._number, self._count = self._number + 1, 0
        for old in before:
            with suppress(OSError):
                old.unlink()
        return True


def entry(command: int, unique_id: str, status: str, **more: Any) -> Entry:
    """An entry of now."""
    return Entry(command, unique_id, status, at=round(time.time(), 3), **more)


def read(folder: Path) -> dict[tuple[int, str], Entry]:
    """The last entry of each node in an attempt's journal.

    A file that is broken or half-written is passed over, for the one before it if that is there.

    Args:
        folder: the attempt's.
    """
    try:
        files = sorted((folder / FOLDER).glob("*.json"))
    except OSError:
        return {}
    found: dict[tuple[int, str], Entry] = {}
    for file in files:
        content = read_object(file) or {}
        with suppress(TypeError):
            entries = [Entry(**item) for item in content.get("entries", ())]
            found.update({one.key: one for one in entries})
    return found
