"""A script at work: its process, its output, and its end."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from dbt_runner.errors import ProjectError
from dbt_runner.execution.cancellation import Cancellation
from dbt_runner.shell.output import Output
from dbt_runner.shell.session import Session
from dbt_runner.shell.watchdog import Watchdog

BASH = ("bash", "-e", "-u", "-o", "pipefail")
TICK = 0.05
"""Seconds between two looks at signals and the clock."""
MARGIN = 2.0
"""Seconds beyond `grace`, so that a run in the script, which has the same, still tells its end."""
QUIET = 2.0
"""Seconds without a word from what the script left, after which it is told to end."""
_CHUNK = 65536


class Process:
    """A script in a session of its own. All calls come from one thread.

    Should this process go before `run` is over, a watchdog ends the session.

    Args:
        script: bash reads it as it goes, so it must not change.
        grace: seconds from the wish to end, or from the script's own end, to the hard end of all
            that is left.

    Raises:
        ProjectError: bash or the watchdog cannot be started.
    """

    def __init__(
        self, script: Path, environment: Mapping[str, str], output: Output, grace: float
    ) -> None:
        self._output = output
        self._grace = grace + MARGIN
        self._watchdog = Watchdog(self._grace)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the script is what is to be run
                [*BASH, str(script)],
                bufsize=0,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                start_new_session=True,
            )
        except OSError as error:
            self._watchdog.close()
            msg = f"script: bash cannot be started: {error.strerror or error}"
            raise ProjectError(msg) from error
        self._watchdog.watch(self._process.pid)
        self._session = Session(self._process.pid)
        self._selector = selectors.DefaultSelector()
        if self._process.stdout is not None:
            self._selector.register(self._process.stdout, selectors.EVENT_READ)

    def run(self, cancellation: Cancellation, look: Callable[[], None]) -> int:
        """Wait for the end of the script, hear out what it left running, then end that.

        Args:
            cancellation: its signals are handed on, each once; a wish without one is a TERM.
            look: called again and again; may wish the script to end.

        Returns:
            The exit status as bash tells it: 128 and the signal's number for one that a signal
            ended.
        """
        sent: set[signal.Signals] = set()
        try:
            while self._process.poll() is None:
                self._copy(TICK)
                look()
                self._hand_on(cancellation, sent)
                if self._is_late(cancellation):
                    self._session.send(signal.SIGKILL)
            self._hear_out(cancellation)
            self._end_others(cancellation, sent)
        finally:
            self._end_hard()
            self._watchdog.close()
            self._drain()
        status = self._process.returncode
        if status is None:
            # not even a KILL gets through while the system waits for a dead file server
            status = -signal.SIGKILL
        return status if status >= 0 else 128 - status

    def _hand_on(self, cancellation: Cancellation, sent: set[signal.Signals]) -> None:
        if not cancellation.requested:
            return
        for number in cancellation.signals or [signal.SIGTERM]:
            if number not in sent:
                sent.add(number)
                self._session.send(number)

    def _is_late(self, cancellation: Cancellation) -> bool:
        wished = cancellation.requested
        late = wished and time.monotonic() > cancellation.since + self._grace
        return late or cancellation.impatient

    def _hear_out(self, cancellation: Cancellation) -> None:
        """Copy what others still have of the script's words, as after `exec > >(tee log)`.

        It is over with their end, when they can't say anything, or have said nothing for a while.
        """
        now = time.monotonic()
        end, quiet = now + self._grace, now + QUIET
        while time.monotonic() < min(end, quiet) and not cancellation.requested:
            if self._copy(TICK):
                quiet = time.monotonic() + QUIET
            elif not self._selector.get_map() or not self._session.is_alive():
                return

    def _end_others(self, cancellation: Cancellation, sent: set[signal.Signals]) -> None:
        """Give what the script left in the background, or died before, its time to end."""
        if signal.SIGTERM not in sent:
            # bash has what it starts in the background ignore INT
            sent.add(signal.SIGTERM)
            self._session.send(signal.SIGTERM)
        since = cancellation.since if cancellation.requested else time.monotonic()
        while self._session.is_alive() and time.monotonic() < since + self._grace:
            self._copy(TICK)
            self._hand_on(cancellation, sent)
            if cancellation.impatient:
                return

    def _end_hard(self) -> None:
        """End what is left, and what that starts while it is ended."""
        end = time.monotonic() + MARGIN
        self._session.send(signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(MARGIN)
        while self._session.is_alive() and time.monotonic() < end:
            self._session.send(signal.SIGKILL)
            time.sleep(TICK)

    def _drain(self) -> None:
        """Copy what was said before the end; what left the session may say more, unheard."""
        end = time.monotonic() + MARGIN
        while self._copy(0) and time.monotonic() < end:
            continue
        self._output.close()
        self._selector.close()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _copy(self, seconds: float) -> bool:
        """Copy what is said within a time; whether anything was."""
        if not self._selector.get_map():
            time.sleep(seconds)
            return False
        for key, _ in self._selector.select(seconds):
            data = os.read(key.fd, _CHUNK)
            if not data:
                self._selector.unregister(key.fileobj)
            self._output.take(data)
            return bool(data)
        return False
