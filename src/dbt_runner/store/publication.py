"""The way of a command's artifacts into the store: checked, without secrets, and whole."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dbt_runner.errors import NotPublished
from dbt_runner.redaction import clean
from dbt_runner.store.files import write_whole

LEFT_OUT = frozenset({"partial_parse.msgpack", "graph.gpickle", "perf_info.json", "run"})
"""What dbt leaves in a target path for itself, and the statements around the compiled SQL."""

WRITERS = 8
"""Files that are written at once: behind a network each one is a wait."""
_WITH_RESULTS = frozenset({"run_results.json", "sources.json"})


class Publication:
    """Copies what one attempt leaves; what is there already is not written again.

    Args:
        folder: the attempt's.
        secrets: tells what must not be written down.

    Attributes:
        sizes: bytes of each JSON artifact, by its path below the folder.
    """

    def __init__(self, folder: Path, secrets: Callable[[], frozenset[str]]) -> None:
        self._folder = folder
        self._secrets = secrets
        self._written: set[Path] = set()
        self._lock = threading.Lock()
        self.sizes: dict[str, int] = {}

    def command(self, target_path: Path) -> None:
        """Copy a command's artifacts to `commands/<its folder's name>`.

        Raises:
            NotPublished: one of them is broken, then none is copied; or cannot be copied.
        """
        with self._lock:
            try:
                self._command(target_path)
            except (OSError, RuntimeError) as error:
                # the latter where no thread can be started
                raise _lost(self._folder, error) from error

    def log(self, file: Path) -> None:
        """Copy dbt's log.

        Raises:
            NotPublished: it cannot be copied.
        """
        with self._lock:
            try:
                self._copy(file, self._folder / file.name)
            except OSError as error:
                raise _lost(self._folder, error) from error

    def _command(self, target_path: Path) -> None:
        goal = self._folder / "commands" / target_path.name
        artifacts = [file for file in target_path.glob("*.json") if file.name not in LEFT_OUT]
        contents = {
            f.name: self._checked(f) for f in artifacts if goal / f.name not in self._written
        }
        others = list(_others(target_path))
        for folder in {goal, *(goal / file.parent for file in others)}:
            folder.mkdir(parents=True, exist_ok=True)
        # on a disk that gets full the small ones tell most
        for name, data in sorted(contents.items(), key=lambda item: len(item[1])):
            self._write(goal / name, data, durable=True)
            # dbt may have changed it since it was written
            self.sizes.setdefault(f"commands/{target_path.name}/{name}", len(data))
        with ThreadPoolExecutor(WRITERS) as writers:
            list(writers.map(lambda file: self._copy(target_path / file, goal / file), others))

    def _checked(self, file: Path) -> bytes:
        data = file.read_bytes()
        fault = _fault(file.name, data)
        if fault:
            msg = f"{file.name} of {file.parent.name} is broken, so it was not stored: {fault}"
            raise NotPublished(msg)
        return clean(data, self._secrets(), is_json=True)

    def _copy(self, file: Path, goal: Path) -> None:
        if goal not in self._written:
            data = clean(file.read_bytes(), self._secrets(), is_json=False)
            self._write(goal, data, durable=False)

    def _write(self, goal: Path, data: bytes, *, durable: bool) -> None:
        if goal not in self._written:
            write_whole(goal, data, durable=durable)
            self._written.add(goal)


def _others(target_path: Path) -> Iterator[Path]:
    """Paths of all files but the artifacts themselves, below a target path."""
    for folder, folders, names in os.walk(target_path):
        at_top = Path(folder) == target_path
        if at_top:
            folders[:] = [name for name in folders if name not in LEFT_OUT]
        for name in names:
            if not (at_top and (name in LEFT_OUT or name.endswith(".json"))):
                yield (Path(folder) / name).relative_to(target_path)


def _fault(name: str, data: bytes) -> str | None:
    """Why an artifact is not to be trusted; `None` if it is."""
    try:
        content: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        return str(error)
    if name not in _WITH_RESULTS:
        return None
    results = content.get("results") if isinstance(content, dict) else None
    if not isinstance(results, list):
        return "it holds no results"
    for result in results:
        if not isinstance(result, dict) or not result.get("unique_id") or not result.get("status"):
            return "a node in it has no status"
    return None


def _lost(folder: Path, error: Exception) -> NotPublished:
    return NotPublished(f"{folder}: {getattr(error, 'strerror', None) or error}")
