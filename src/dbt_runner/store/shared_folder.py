"""A folder in which several processes leave whole files for each other."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

from dbt_runner.store.files import read_object, write_whole


class SharedFolder:
    """Needs of its storage only that new files can be written, listed, read and deleted.

    What was written before a listing begins, and is not deleted until it ends, is in the listing.
    No name is ever written twice by those who use it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, name: str, data: bytes) -> float:
        """Write a new file.

        Returns:
            When that was, by the storage's clock: seconds since the epoch.

        Raises:
            OSError: it cannot be written.
        """
        self._path.mkdir(parents=True, exist_ok=True)
        file = self._path / name
        write_whole(file, data)
        return file.stat().st_mtime

    def entries(self) -> dict[str, float]:
        """Name → when it was written, by the storage's clock; what is going away counts as new.

        Raises:
            OSError: the folder is there and cannot be listed.
        """
        found: dict[str, float] = {}
        try:
            names = os.listdir(self._path)  # noqa: PTH208 - names alone
        except FileNotFoundError:
            return found
        for name in names:
            try:
                found[name] = (self._path / name).stat().st_mtime
            except FileNotFoundError:
                found[name] = math.inf
        return found

    def get(self, name: str) -> dict[str, Any] | None:
        """The JSON object in a file; `None` if there is none, or only a part of it."""
        return read_object(self._path / name)

    def drop(self, name: str) -> None:
        """Delete a file, if it is there.

        Raises:
            OSError: it is, and cannot be deleted.
        """
        (self._path / name).unlink(missing_ok=True)
