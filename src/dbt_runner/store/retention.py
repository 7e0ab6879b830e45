"""How long attempts stay: by their number and by their age, in one place at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dbt_runner.store.attempts import MARKER, Stored, attempts, keys, linked, links

MAY_GO_ON = 7 * 86400
"""Seconds after which an attempt without a summary is taken for dead.

A task on serverless compute ends after seven days at the latest (Databricks docs, "Serverless
compute limitations").
"""
_LAST = ("run.json", "summary.json")
"""Removed last, so that what is half removed still tells that it had ended."""
_DELETERS = 8
_AT_ONCE = 128
"""Files that are removed between two looks at the clock."""

Wanted = Callable[[dict[str, Any]], bool]


@dataclass(frozen=True)
class Limits:
    """An attempt goes if it is not among the newest `runs`, or is older than `days`."""

    runs: int
    days: int


@dataclass
class Pruned:
    """What became of a pruning.

    Attributes:
        problem: why not all was removed that was to be.
    """

    removed: list[Stored] = field(default_factory=list)
    problem: str | None = None


def prune(
    place: Path,
    limits: Limits,
    needed: Iterable[Wanted],
    *,
    spare: str | None = None,
    seconds: float | None = None,
) -> Pruned:
    """Remove what may go, the oldest first.

    Args:
        place: the folder of all runs of one project in one place.
        needed: what other runs look for, by its summary.
        spare: name of a folder that stays, whatever its age.
        seconds: time to spend; what is left then is for the next time.
    """
    pruned = Pruned()
    deadline = None if seconds is None else time.monotonic() + seconds
    for stored in expired(place, limits, needed, spare=spare):
        try:
            done = _remove(stored, deadline)
        except (OSError, RuntimeError) as error:
            # the latter where no thread can be started
            pruned.problem = f"{stored.folder}: {getattr(error, 'strerror', None) or error}"
            continue
        if not done:
            pruned.problem = f"it would have taken more than {seconds:g} s"
            break
        pruned.removed.append(stored)
    return pruned


def expired(
    place: Path,
    limits: Limits,
    needed: Iterable[Wanted],
    *,
    spare: str | None = None,
    now: float | None = None,
) -> list[Stored]:
    """The attempts that may go, the oldest first.

    Whatever its number and age, an attempt stays that may be going on, the newest complete one, and
    of each sort that is needed the newest complete one. One that did not succeed, and is the last
    word on what it was to do, is there to be gone on with, and goes by its age alone.
    """
    now = time.time() if now is None else now
    found = [stored for stored in attempts(place) if stored.started is not None]
    sorts = (_anything, *needed)
    gone = []
    for number, stored in enumerate(found):
        age = now - (stored.started or 0.0)
        too_old = age > limits.days * 86400
        if stored.folder.name == spare or not (too_old or number >= limits.runs):
            continue
        if not _stays(stored, found[:number], sorts, age, too_old=too_old):
            gone.append(stored)
    return gone[::-1]


def _stays(
    stored: Stored, newer: Sequence[Stored], sorts: Sequence[Wanted], age: float, *, too_old: bool
) -> bool:
    summary = stored.summary()
    if summary is None and age < MAY_GO_ON:
        return True
    if summary is not None and stored.is_complete:
        wanted = [sort for sort in sorts if sort(summary)]
        if any(not _has(newer, sort) for sort in wanted):
            return True
    if too_old or (summary or {}).get("status") == "success":
        return False
    key = _key(stored, summary)
    return key is not None and next(linked(stored.place, key), None) == stored


def _has(found: Iterable[Stored], wanted: Wanted) -> bool:
    return any(wanted(one.summary() or {}) for one in found if one.is_whole)


def _anything(_summary: dict[str, Any]) -> bool:
    return True


def _key(stored: Stored, summary: dict[str, Any] | None) -> str | None:
    key = (summary or stored.facts() or {}).get("resume_key")
    return key if isinstance(key, str) else None


def _remove(stored: Stored, deadline: float | None) -> bool:
    """Remove an attempt, its marker first; whether there was time for all of it."""
    (stored.folder / MARKER).unlink(missing_ok=True)
    key = _key(stored, stored.summary())
    if key is not None:
        for link in links(stored.place, key):
            if link.name.endswith(f"-{stored.folder.name}"):
                link.unlink(missing_ok=True)
        # others may be linked with it
        with suppress(OSError):
            keys(stored.place, key).rmdir()
    entries = list(stored.folder.rglob("*"))
    folders = [entry for entry in entries if entry.is_dir() and not entry.is_symlink()]
    last = [stored.folder / name for name in _LAST]
    others = sorted(set(entries) - set(folders) - set(last))
    with ThreadPoolExecutor(_DELETERS) as deleters:
        for first in range(0, len(others), _AT_ONCE):
            if deadline is not None and time.monotonic() > deadline:
                return False
            list(deleters.map(_unlink, others[first : first + _AT_ONCE]))
    for file in last:
        _unlink(file)
    for folder in [*sorted(folders, reverse=True), stored.folder]:
        # another run may be removing it too
        with suppress(FileNotFoundError):
            folder.rmdir()
    return True


def _unlink(file: Path) -> None:
    file.unlink(missing_ok=True)
