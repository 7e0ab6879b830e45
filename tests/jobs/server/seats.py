"""Turns at the compute: who waits longest is next."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from jobs.server.stops import Stop
from jobs.server.switches import Switches


class Seats:
    """As many turns at a time as the switch `seats` says."""

    def __init__(self, switches: Switches) -> None:
        self._switches = switches
        self._waiting: deque[object] = deque()
        self._taken = 0
        self._changed = threading.Condition()

    @contextmanager
    def seat(self, stop: Stop) -> Iterator[bool]:
        """Wait for a turn and keep it; gives whether there is one, or a stop came before."""
        ticket, seated = object(), False
        with self._changed:
            self._waiting.append(ticket)
            while not (seated := self._is_next(ticket)) and not stop.reason:
                self._changed.wait(0.02)
            self._waiting.remove(ticket)
            self._taken += seated
        try:
            yield seated
        finally:
            with self._changed:
                self._taken -= seated
                self._changed.notify_all()

    def _is_next(self, ticket: object) -> bool:
        return self._waiting[0] is ticket and self._taken < self._switches.seats
