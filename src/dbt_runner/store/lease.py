"""The right of one run to be the only one who writes one place, kept in a shared folder."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from dbt_runner.store.owner import Owner

_CLAIM, _HELD, _BEAT = "claim", "held", "beat"


def boot_time() -> float:
    """Seconds of a clock that nobody sets; on Linux it goes on while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True)
class Times:
    """Seconds that everybody who shares a folder has to agree on.

    Attributes:
        lease: how long a claim counts after its last sign of life.
        heartbeat: between two signs of life.
    """

    lease: float = 60.0
    heartbeat: float = 10.0

    @property
    def trust(self) -> float:
        """How long an owner takes its own lease for granted; well below what others wait."""
        return self.lease * 2 / 3


class Folder(Protocol):
    """What a lease needs of `store.shared_folder.SharedFolder`."""

    def put(self, name: str, data: bytes) -> float:
        """Write a new file; when, by the storage's clock."""

    def entries(self) -> dict[str, float]:
        """Name → when it was written."""

    def get(self, name: str) -> dict[str, object] | None:
        """The JSON object in a file."""

    def drop(self, name: str) -> None:
        """Delete a file."""


class Rival(NamedTuple):
    """Another claim on the same place that counts; of two the one that sorts first is older."""

    claim: str
    holds: bool
    owner: Owner


class _Watched(NamedTuple):
    """What was seen of a claim.

    Attributes:
        signs: its files, and when they were written.
        since: since when there was no other sign, by the watcher's clock.
        lives: there was another sign before.
    """

    signs: dict[str, float]
    since: float
    lives: bool


class View(NamedTuple):
    """What one listing of the folder shows.

    Attributes:
        claimed: the own claim is there.
        rivals: the claims of others that count.
        doubtful: there are claims that look expired, and have to be watched to be sure.
        rubbish: files that nobody needs any more.
    """

    claimed: bool
    rivals: list[Rival]
    doubtful: bool
    rubbish: list[str]


class Lease:
    """One run's claim on one place, in a folder where only whole new files can be written.

    A claim is a file of its own name. A contender **writes its claim, and lists the folder after
    that**. It holds the place if this listing has its own claim and no other one that counts; a
    claim that does not win is withdrawn, and asks again later under another name. An owner's claim
    lies there until it lets go.

    So of two that hold at once, one wrote its claim first; the listing that the other one decided
    by began later still, and has to show it. Whichever of several is slow, at most one sees no
    other. Nothing has to be atomic but this: what was written and closed before a listing begins,
    and not deleted before it ends, is in it.

    That none wins because all see each other is avoided by order: who sees an older claim, or one
    marked as holding, withdraws; the oldest stays and looks again.

    An owner shows that it lives by new files, each with a higher number. Its claim is dead when its
    process has ended, which can be seen on the same machine, or when no new file came while it was
    watched for the length of the lease. Only the watcher's own clock counts, so neither clocks that
    differ nor times of files can take a place from anybody; by those is only decided whether a
    claim is worth watching, or its owner simply at work: older than the lease, by the storage's
    clock on both sides.

    An owner that could not show itself for two thirds of the lease, or that finds its claim gone,
    has lost the place, before another one may take it. What cannot be fenced off is a statement
    that an owner sends after it was paused for longer than the lease, between waking up and looking
    at its clock.
    """

    def __init__(
        self, folder: Folder, name: str, times: Times, clock: Callable[[], float] = boot_time
    ) -> None:
        self._folder = folder
        self._name = name
        self._times = times
        self._clock = clock
        self._round = 0
        self._beats = 0
        self._claim = ""
        self._lost: str | None = None
        self._shown = 0.0
        self._storage_ahead = 0.0
        self._watched: dict[str, _Watched] = {}
        self._owners: dict[str, Owner] = {}

    @property
    def lost(self) -> str | None:
        """Why the place is not held any more; `None` as long as it is."""
        self._check_trust()
        return self._lost

    def ask(self, owner: Owner) -> None:
        """Write a new claim.

        Raises:
            OSError: it cannot be written.
        """
        self._round += 1
        self._beats = 0
        self._claim = f"{self._name}-{self._round:06}"
        self._lost = None
        self._shown = self._clock()
        self._put(_CLAIM, json.dumps(owner.facts()).encode())

    def look(self) -> View:
        """List the folder.

        Raises:
            OSError: it cannot be listed.
        """
        began = self._clock()
        entries = self._folder.entries()
        ended = self._clock()
        files: dict[str, dict[str, float]] = {}
        for name, written in entries.items():
            claim, _, kind = name.partition(".")
            if kind.partition("-")[0] in {_CLAIM, _HELD, _BEAT}:
                files.setdefault(claim, {})[name] = written
        claimed = f"{self._claim}.{_CLAIM}" in files.pop(self._claim, {})
        self._watched = {claim: seen for claim, seen in self._watched.items() if claim in files}
        rivals: list[Rival] = []
        rubbish: list[str] = []
        doubtful = False
        for claim, signs in sorted(files.items()):
            if f"{claim}.{_CLAIM}" not in signs:
                rubbish += signs
                continue
            watched = self._watched.get(claim)
            if watched is None or watched.signs != signs:
                watched = _Watched(signs, ended, lives=watched is not None)
                self._watched[claim] = watched
            owner = self._owner(claim)
            age = began + self._storage_ahead - max(signs.values())
            if owner.is_gone() or began - watched.since > self._times.lease:
                rubbish += sorted(signs, key=lambda name: not name.endswith(_CLAIM))
            elif watched.lives or age < self._times.lease:
                rivals.append(Rival(claim, f"{claim}.{_HELD}" in signs, owner))
            else:
                doubtful = True
        # who holds is the better reason
        rivals.sort(key=lambda rival: not rival.holds)
        return View(claimed, rivals, doubtful, rubbish)

    def contend(self, owner: Owner, pause: Callable[[], None]) -> Rival | None:
        """Ask for the place until it is decided.

        Args:
            pause: called between two looks; what it raises withdraws the claim.

        Returns:
            Who stands in the way; `None` if the place is held now.

        Raises:
            OSError: the folder cannot be written or listed.
        """
        try:
            rival = self._contend(owner, pause)
        except BaseException:
            with suppress(OSError):
                self.release()
            raise
        if rival is not None:
            self.release()
        return rival

    def renew(self) -> None:
        """Show that the owner lives, and look whether it still holds the place.

        Raises:
            OSError: the sign of life could not be written.
        """
        if self.lost:
            return
        began = self._clock()
        self._beats += 1
        self._put(f"{_BEAT}-{self._beats}", b"{}")
        # others count from the last sign that they saw, not from this one
        self._check_trust()
        if self._lost is None and f"{self._claim}.{_CLAIM}" not in self._folder.entries():
            self._lost = "its claim was taken away"
        if self._lost is None:
            self._shown = began
        self._folder.drop(f"{self._claim}.{_BEAT}-{self._beats - 1}")

    def release(self) -> None:
        """Let go.

        Raises:
            OSError: a file cannot be deleted.
        """
        # the claim first: what is left without one is rubbish
        for kind in (_CLAIM, _HELD, f"{_BEAT}-{self._beats}", f"{_BEAT}-{self._beats - 1}"):
            self._folder.drop(f"{self._claim}.{kind}")

    def _contend(self, owner: Owner, pause: Callable[[], None]) -> Rival | None:
        self.ask(owner)
        while True:
            view = self.look()
            if not view.claimed or self.lost:
                # taken away, or too old to decide by
                pause()
                self.release()
                self.ask(owner)
                continue
            for rival in view.rivals:
                if rival.holds or rival.claim < self._claim:
                    return rival
            if not view.rivals and not view.doubtful:
                self._put(_HELD, b"{}")
                self._sweep(view.rubbish)
                if self.lost is None:
                    return None
                continue
            pause()
            if self._clock() - self._shown > self._times.heartbeat:
                self.renew()

    def _sweep(self, rubbish: list[str]) -> None:
        for name in rubbish:
            with suppress(OSError):
                self._folder.drop(name)

    def _put(self, kind: str, data: bytes) -> None:
        written = self._folder.put(f"{self._claim}.{kind}", data)
        # later than the file's time, so the storage's clock is taken to be behind, never ahead
        self._storage_ahead = written - self._clock()

    def _check_trust(self) -> None:
        silent = self._clock() - self._shown
        if self._lost is None and silent > self._times.trust:
            self._lost = f"no sign of life could be written for {silent:.0f} s"

    def _owner(self, claim: str) -> Owner:
        if claim not in self._owners:
            content = self._folder.get(f"{claim}.{_CLAIM}")
            if content is None:
                return Owner()
            self._owners[claim] = Owner.read(content)
        return self._owners[claim]
