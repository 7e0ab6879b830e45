"""Whether and why a run is to end early."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Literal

_EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 143}


class Cancellation:
    """The wish to end a run, by a signal or by its time limit. The first wish counts.

    Attributes:
        status: what the run's status becomes; `None` as long as nobody wishes it to end.
        exit_code: what the process then ends with.
        cause: what happened, for people.
        signals: those that came, each once, for whoever hands them on.
        impatient: a person at a terminal pressed Ctrl-C for the third time.
    """

    def __init__(self) -> None:
        self.status: Literal["cancelled", "timeout"] | None = None
        self.exit_code = 0
        self.cause = ""
        self.since = 0.0
        self.signals: list[signal.Signals] = []
        self.impatient = False
        self._interrupts = 0
        self._closed = False

    @property
    def requested(self) -> bool:
        """Whether the run is to end."""
        return self.status is not None

    def request(self, status: Literal["cancelled", "timeout"], exit_code: int, cause: str) -> None:
        """Wish the run to end; a later wish than the first changes nothing."""
        if self.requested or self._closed:
            return
        self.exit_code, self.cause, self.since = exit_code, cause, time.monotonic()
        self.status = status

    def close(self) -> None:
        """Take no further wishes: the run's result stands."""
        self._closed = True

    @contextmanager
    def handling_signals(self, *, for_good: bool) -> Iterator[bool]:
        """Listen to TERM, INT and HUP, where this is the main thread; else only the time counts.

        A signal that the process was started to ignore (`nohup`) stays ignored.

        Args:
            for_good: the process ends with this run, so a late signal changes nothing any more,
                not even while the interpreter takes itself down; else the handlers from before
                come back.

        Yields:
            Whether there are handlers.
        """
        if threading.current_thread() is not threading.main_thread():
            yield False
            return
        before = {number: signal.getsignal(number) for number in _EXIT_CODES}
        handled = {number: old for number, old in before.items() if old is not signal.SIG_IGN}
        for number in handled:
            signal.signal(number, self._handle)
        try:
            yield True
        finally:
            if for_good:
                _keep_quiet_about_ignored_signals()
            for number, old in handled.items():
                after = signal.SIG_IGN if for_good else old
                signal.signal(number, after if after is not None else signal.SIG_DFL)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        # runs between two byte codes of the main thread: sets fields, prints and raises nothing
        name = signal.Signals(number)
        if name not in self.signals:
            self.signals.append(name)
        self.request("cancelled", _EXIT_CODES[name], f"signal {name.name}")
        if name == signal.SIGINT:
            self._interrupts += 1
            self.impatient = self._interrupts >= 3 and sys.stdin is not None and _at_terminal()


def _keep_quiet_about_ignored_signals() -> None:
    # CPython (`_PyErr_CheckSignalsTstate`) prints a traceback for a signal that arrives in the very
    # moment in which its handler gives way to SIG_IGN; it is ignored all the same, as it should be
    report = sys.unraisablehook

    def report_others(unraisable: sys.UnraisableHookArgs) -> None:
        value = unraisable.exc_value
        if not (isinstance(value, OSError) and "ignored due to race condition" in str(value)):
            report(unraisable)

    sys.unraisablehook = report_others


def _at_terminal() -> bool:
    try:
        return sys.stdin.isatty()
    except ValueError:
        return False
