"""How long somebody still waits."""

from __future__ import annotations

from collections.abc import Callable


class Wait:
    """A time limit for all that one call asks for, from now on.

    Args:
        seconds: `None` for none.
    """

    def __init__(self, clock: Callable[[], float], seconds: float | None) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = None if seconds is None else clock() + seconds

    @property
    def left(self) -> float | None:
        """Seconds, 0 at least; `None` without a limit."""
        return None if self._end is None else max(0.0, self._end - self._clock())

    def at_most(self, seconds: float) -> float:
        """What is left of so many seconds."""
        left = self.left
        return seconds if left is None else min(seconds, left)
