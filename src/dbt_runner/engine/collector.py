"""Python's garbage collector while dbt is imported, and while it works."""

from __future__ import annotations

import gc

THRESHOLDS = (50_000, 20, 50)
"""What starts a collection while dbt works, in allocations and in collections of the younger ones.

Python's own 700 let it look through what a node leaves many times for each node. These still find
the cycles that Jinja and dbt's errors make, some times in a thousand nodes.
"""

_OF_PYTHON = 1_000
"""So many objects may be frozen by Python itself (3.12: some 400); with more, somebody else did."""


class Collector:
    """Spares the collector what it cannot find anything in, and puts it back as it was."""

    _leavings = False
    """Whether a run of this process has left something behind."""

    def __init__(self) -> None:
        self._on = False
        self._thresholds = gc.get_threshold()
        self._frozen = False

    def spare(self) -> None:
        """Switch it off: all that is imported and loaded from now on stays.

        Each full collection on the way would look through all of it again, a fifth of an import.
        What an earlier run has left goes first: nobody else looks for it, and a process with many
        runs would grow.
        """
        if Collector._leavings:
            gc.collect()
        self._on = gc.isenabled()
        self._thresholds = gc.get_threshold()
        gc.disable()

    def settle(self) -> None:
        """Switch it on for what comes now; what is there already it never looks at again.

        Where it was off before, it stays off.
        """
        if self._frozen or not self._on:
            return
        self._frozen = gc.get_freeze_count() < _OF_PYTHON
        if self._frozen:
            gc.freeze()
        gc.set_threshold(*THRESHOLDS)
        gc.enable()

    def restore(self) -> None:
        """Leave it as it was found: the process may be a notebook's."""
        Collector._leavings = True
        if self._frozen:
            gc.unfreeze()
            self._frozen = False
        gc.set_threshold(*self._thresholds)
        if self._on:
            gc.enable()
