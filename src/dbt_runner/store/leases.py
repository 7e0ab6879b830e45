"""The leases of one run: taken in order, kept alive, given back."""

from __future__ import annotations

import hashlib
import random
import re
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from dbt_runner.errors import BusyError, SettingsError
from dbt_runner.store.lease import Lease, Rival, Times, boot_time
from dbt_runner.store.owner import Owner
from dbt_runner.store.shared_folder import SharedFolder

FOLDER = "locks"
_PLAIN = re.compile(r"[a-z0-9_]{1,100}")
_LOOK = 0.1
_POLL = 1.0


@dataclass(frozen=True, order=True)
class Place:
    """What only one run at a time may write.

    Attributes:
        key: the same for everybody who writes there, whatever project and target it is for.
        label: for people.
    """

    key: tuple[str, ...]
    label: str = field(compare=False)

    @property
    def path(self) -> Path:
        """A path made of the key, of characters that every storage takes."""
        return Path(*(_file_name(part) for part in self.key))


class Leases:
    """What one run holds.

    Args:
        folder: the store's.
        owner: tells about this run.
        go_on: called again and again while there is something to wait for; raises if the run is
            to end.
        notice: told what is worth a line.

    Attributes:
        waited: seconds spent waiting for others.
    """

    def __init__(
        self,
        folder: Path,
        owner: Callable[[], Owner],
        go_on: Callable[[], None],
        notice: Callable[..., None],
        times: Times | None = None,
    ) -> None:
        self._folder = folder / FOLDER
        self._owner = owner
        self._go_on = go_on
        self._notice = notice
        self._times = times or Times()
        self.waited = 0.0
        self._held: dict[Place, Lease] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def lost(self) -> str | None:
        """Why a place is not held any more; `None` as long as all are."""
        with self._lock:
            held = [*self._held.items()]
        for place, lease in held:
            if lease.lost:
                return f"{place.label} is not held any more: {lease.lost}"
        return None

    def take(self, places: Iterable[Place], wait: float) -> None:
        """Take the leases of places that are not held yet.

        In sorted order, so that no two runs wait for each other; those that take more of them later
        may, but not for ever.

        Args:
            wait: seconds to wait for others in all. For an earlier attempt of the same logical run
                it is the length of a lease at least, since that one's machine may be lost.

        Raises:
            BusyError: another run holds one of them.
            SettingsError: the store cannot be written.
        """
        began = boot_time() - self.waited
        for place in sorted(set(places) - set(self._held)):
            try:
                self._take(place, began, wait)
            except OSError as error:
                msg = (
                    f"artifacts: the lease of {place.label} cannot be kept in {self._folder}: "
                    f"{error.strerror or error}; name another folder"
                )
                raise SettingsError(msg) from error

    def release(self) -> None:
        """Give everything back; a problem with that is told and no error."""
        self._over.set()
        if self._thread:
            self._thread.join(timeout=2)
        for place, lease in self._held.items():
            try:
                lease.release()
            except OSError as error:
                reason = error.strerror or str(error)
                self._tell("lock.not_released", place, reason=reason)
        self._held.clear()

    def _take(self, place: Place, began: float, wait: float) -> None:
        owner = self._owner()
        name = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{owner.attempt}"
        lease = Lease(SharedFolder(self._folder / place.path), name, self._times)
        told = False
        while rival := lease.contend(owner, lambda: self._pause(_LOOK)):
            while rival is not None:
                self._be_patient(place, rival, owner, began, wait)
                if not told:
                    told = True
                    self._notice("lock.waiting", place=place.label, owner=str(rival.owner))
                self._pause(min(_POLL, self._times.heartbeat) * random.uniform(0.5, 1))  # noqa: S311
                # a storage that does not answer has no news; how long that is waited for is bounded
                with suppress(OSError):
                    rival = next(iter(lease.look().rivals), None)
        with self._lock:
            self._held[place] = lease
        if told:
            self.waited = boot_time() - began
            self._notice("lock.taken", place=place.label, waited_s=round(self.waited, 1))
        if self._thread is None:
            self._thread = threading.Thread(target=self._keep, name="leases", daemon=True)
            self._thread.start()

    def _be_patient(
        self, place: Place, rival: Rival, owner: Owner, began: float, wait: float
    ) -> None:
        same = owner.resume_key is not None and rival.owner.resume_key == owner.resume_key
        patience = max(wait, self._times.lease + 2 * self._times.heartbeat) if same else wait
        waited = boot_time() - began
        if waited < patience:
            return
        still = f" after {waited:.0f} s still" if patience else ""
        msg = (
            f"{place.label} is{still} held by another run: {rival.owner}; wait for it to end, or "
            "give wait_for_lock=SECONDS"
        )
        raise BusyError(msg)

    def _pause(self, seconds: float) -> None:
        end = boot_time() + seconds
        while boot_time() < end:
            time.sleep(0.05)
            self._go_on()

    def _keep(self) -> None:
        """Show that the run lives, until it is over."""
        told = False
        while not self._over.wait(self._times.heartbeat / 2 if told else self._times.heartbeat):
            told = False
            with self._lock:
                held = [*self._held.items()]
            for place, lease in held:
                try:
                    lease.renew()
                except OSError as error:
                    told = True
                    self._tell("lock.not_renewed", place, reason=error.strerror or str(error))

    def _tell(self, event: str, place: Place, reason: str) -> None:
        self._notice(event, level="warning", place=place.label, reason=reason)


def _file_name(part: str) -> str:
    """A part of a key as a name: itself, or readable and with a digest where it has odd letters."""
    if _PLAIN.fullmatch(part):
        return part
    digest = hashlib.sha256(part.encode("utf-8", "backslashreplace")).hexdigest()[:16]
    return f"{re.sub('[^a-z0-9_]+', '_', part)[-60:]}-{digest}"
