"""The processes of a session: a script and all that it started."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

_PROCESSES = Path("/proc")


class Session:
    """The processes that share the session of a leader, in its process group or in others.

    What calls `setsid` leaves it. Without a `/proc` only the leader's own group is known.
    """

    def __init__(self, leader: int) -> None:
        self._leader = leader

    def is_alive(self) -> bool:
        """Whether anything but ended processes is left."""
        if (_PROCESSES / "self" / "stat").exists():
            return any(True for _ in self._groups())
        try:
            os.killpg(self._leader, 0)
        except (ProcessLookupError, PermissionError):
            return False
        return True

    def send(self, number: signal.Signals) -> None:
        """Send a signal to each process group, once."""
        for group in {self._leader, *self._groups()}:
            try:
                os.killpg(group, number)
            except (ProcessLookupError, PermissionError):
                # it has ended, or was taken over by another user
                continue

    def _groups(self) -> Iterator[int]:
        """Process groups of the living, with repetitions (`man 5 proc_pid_stat`)."""
        for place in _PROCESSES.glob("[0-9]*/stat"):
            try:
                text = place.read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            # the name in parentheses may hold anything
            state, _, group, session = text.rpartition(")")[2].split()[:4]
            if int(session) == self._leader and state not in {"Z", "X"}:
                yield int(group)
