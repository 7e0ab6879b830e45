"""A process that ends a script whose task is gone without having ended it, as after a KILL."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from dbt_runner.errors import ProjectError
from dbt_runner.shell.session import Session

_CODE = f"import sys; sys.path.append(sys.argv.pop(1)); import {__name__} as it; it.main()"
_TICK = 0.05
_HARD = 10.0
"""Seconds that the hard end may take; nothing gets through to what waits for a dead file server."""


class Watchdog:
    """Stands beside a task until `close`; it notices the task's end by a pipe that nobody else has.

    Its session is its own, so what is sent to the script or to the task does not reach it.

    Args:
        grace: seconds from TERM to KILL.

    Raises:
        ProjectError: it cannot be started.
    """

    def __init__(self, grace: float) -> None:
        home = str(Path(__file__).parents[2])
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own code
                [sys.executable, "-I", "-S", "-c", _CODE, home, str(grace)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            msg = f"script: its watchdog cannot be started: {error.strerror or error}"
            raise ProjectError(msg) from error

    def watch(self, leader: int) -> None:
        """Have it end the session of this process, should the task go."""
        if self._process.stdin is not None:
            # without a watchdog the script runs all the same
            with suppress(OSError):
                self._process.stdin.write(b"%d\n" % leader)
                self._process.stdin.flush()

    def close(self) -> None:
        """End it: there is nothing left to watch."""
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()


def main() -> None:
    """Wait until the task is gone, then end the session that it told of."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    grace = float(sys.argv[1])
    told = sys.stdin.buffer.read().split()
    if told:
        _end(Session(int(told[0])), grace)


def _end(session: Session, grace: float) -> None:
    for number, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, _HARD)):
        session.send(number)
        end = time.monotonic() + seconds
        while session.is_alive() and time.monotonic() < end:
            time.sleep(_TICK)
            if number is signal.SIGKILL:
                # what was started while it was ended
                session.send(number)
