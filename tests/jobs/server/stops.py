"""The wish that something ends, handed down from a run to its tasks, processes and child runs."""

from __future__ import annotations

import threading
import time
from typing import Literal

Reason = Literal["CANCELED", "TIMEDOUT"]
_LOOK = 0.02


class Stop:
    """Asked for once; whoever works below looks at it.

    Args:
        above: a stop there is one here: everything below a run that ends is cancelled.
    """

    def __init__(self, above: Stop | None = None) -> None:
        self._above = above
        self._own: Reason | None = None
        self._lock = threading.Lock()

    def ask(self, reason: Reason) -> None:
        """Ask for the end; the first reason stays."""
        with self._lock:
            self._own = self._own or reason

    def clear(self) -> None:
        """Forget it, for a repair."""
        self._own = None

    @property
    def reason(self) -> Reason | None:
        """Why, or `None` as long as nobody asked."""
        if self._own is None and self._above is not None and self._above.reason:
            return "CANCELED"
        return self._own

    def wait(self, seconds: float) -> Reason | None:
        """Wait for it, so long at most."""
        deadline = time.monotonic() + seconds
        while not self.reason and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(_LOOK, left))
        return self.reason
