"""A folder that behaves like a Unity Catalog volume towards the Python of one process.

A reading of what Databricks documents of volumes ("Work with files in Unity Catalog volumes":
no direct append, no random writes, no links) and of what storage behind a network may do:

- a file is written from its beginning to its end; appending, reading and writing at once, seeking
  and truncating are refused, and so are links and any renaming, over another file or not;
- a file is there once it is closed; of a process that is killed the open ones are lost;
- fsync is not known (ENOTSUP).

What is refused, and what is written over, is also noted in `<folder>-refused`, so that a test sees
it where the program under test keeps going.

It does not prove how a workspace's own mount behaves: whether it knows fsync, when another machine
sees a file or a listing, how long any of it takes, what it says when a token has expired. It is not
seen by what opens files without Python (DuckDB), and opening by `os.open` to write is refused,
since such a file cannot be followed to its closing.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

VARIABLE = "SIMULATED_VOLUME"
LATENCY = "SIMULATED_VOLUME_LATENCY"
"""Seconds that each closing takes."""
SIZE = "SIMULATED_VOLUME_SIZE"
"""Bytes that this process may write; then the volume is full."""

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
_REFUSED = frozenset({"os.rename", "os.link", "os.symlink", "os.truncate"})
_open, _rename, _fsync = io.open, os.rename, os.fsync


def refused(folder: Path) -> list[str]:
    """What a volume has refused, and which files were written over."""
    notes = Path(f"{folder}-refused")
    return notes.read_text(encoding="utf-8").splitlines() if notes.exists() else []


class Volume:
    """The folder, in this process and its forks."""

    def __init__(self, folder: str, latency: float, size: float) -> None:
        self.folder = os.path.abspath(folder)
        self.room = size
        self.latency = latency
        self.open_files: set[int] = set()
        self._own = threading.local()
        self._unclosed = f"{self.folder}-unclosed"
        os.makedirs(self._unclosed, exist_ok=True)

    def holds(self, path: Any) -> bool:
        """Whether a path lies in the volume."""
        if not isinstance(path, str | bytes | os.PathLike):
            return False
        return os.path.abspath(os.fsdecode(path)).startswith(f"{self.folder}/")

    def draft(self) -> tuple[int, str]:
        """A new file, which is not in the volume yet."""
        handle, name = tempfile.mkstemp(dir=self._unclosed)
        self.open_files.add(handle)
        return handle, name

    def appear(self, draft: str, goal: str) -> None:
        """Put a file that is closed into the volume."""
        time.sleep(self.latency)
        if os.path.exists(goal):
            self.note(f"written over: {goal}")
        self._own.works = True
        try:
            _rename(draft, goal)
        finally:
            self._own.works = False

    def refuse(self, what: str, path: Any) -> None:
        """Note and raise."""
        self.note(f"{what}: {path}")
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP), str(path))

    def note(self, text: str) -> None:
        """Write a line beside the volume."""
        with _open(f"{self.folder}-refused", "a", encoding="utf-8") as notes:
            notes.write(f"{text}\n")

    def watch(self, event: str, words: tuple[Any, ...]) -> None:
        """Refuse what goes around `open`; an audit hook."""
        if getattr(self._own, "works", False):
            return
        if event == "open" and isinstance(words[2], int):
            if words[2] & _WRITES and self.holds(words[0]):
                self.refuse(f"opened with the flags {words[2]:o}", words[0])
        elif event in _REFUSED and any(self.holds(word) for word in words[:2]):
            self.refuse(event, words[:2])

    def open(
        self,
        file: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        closefd: bool = True,
        opener: Any = None,
    ) -> Any:
        """In the place of Python's own."""
        kind = mode.replace("b", "").replace("t", "")
        if kind == "r" or not self.holds(file):
            return _open(file, mode, buffering, encoding, errors, newline, closefd, opener)
        goal = os.path.abspath(os.fsdecode(file))
        if kind not in {"w", "x"}:
            self.refuse(f"opened as {mode}", goal)
        for fault, number in (
            (kind == "x" and os.path.exists(goal), errno.EEXIST),
            (os.path.isdir(goal), errno.EISDIR),
            (not os.path.isdir(os.path.dirname(goal)), errno.ENOENT),
        ):
            if fault:
                raise OSError(number, os.strerror(number), goal)
        raw = _Sequential(self, goal)
        if "b" in mode:
            return raw if buffering == 0 else io.BufferedWriter(raw)
        return io.TextIOWrapper(io.BufferedWriter(raw), encoding, errors, newline)

    def fsync(self, file: Any) -> None:
        """In the place of the system's; not known here."""
        number = file if isinstance(file, int) else file.fileno()
        if number in self.open_files:
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
        _fsync(file)


class _Sequential(io.FileIO):
    """A file that is written once, from its beginning to its end."""

    def __init__(self, volume: Volume, goal: str) -> None:
        self._volume, self._goal = volume, goal
        handle, self._draft = volume.draft()
        super().__init__(handle, "w")

    def seekable(self) -> bool:
        """It is not."""
        return False

    def seek(self, *_words: Any) -> int:
        """Refused."""
        self._volume.refuse("seek", self._goal)
        return 0

    def truncate(self, _size: int | None = None) -> int:
        """Refused."""
        self._volume.refuse("truncate", self._goal)
        return 0

    def write(self, data: Any) -> int:
        """As long as there is room."""
        self._volume.room -= len(data)
        if self._volume.room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self._goal)
        return super().write(data)

    def close(self) -> None:
        """Only now it is in the volume."""
        if not self.closed:
            self._volume.open_files.discard(self.fileno())
            super().close()
            self._volume.appear(self._draft, self._goal)


def install() -> None:
    """Make the folder that the environment names a volume, if it names one."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        return
    latency, size = os.environ.get(LATENCY, "0"), os.environ.get(SIZE, "inf")
    volume = Volume(folder, float(latency), float(size))
    builtins.open = io.open = volume.open  # type: ignore[assignment]
    os.fsync = volume.fsync
    sys.addaudithook(volume.watch)
