"""Processes of tasks, each in a session of its own."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from jobs.server.stops import Stop
from jobs.server.switches import Switches

LOG_LIMIT = 5 * 1024 * 1024
"""Bytes of a log that are kept, the last ones (docs: api/workspace/jobs/getrunoutput, `logs`)."""


class Processes:
    """Starts processes, and ends them with all that they started."""

    def __init__(self, switches: Switches) -> None:
        self._switches = switches
        self._live: set[int] = set()

    def run(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        log: Path,
        stop: Stop,
    ) -> int:
        """Run to the end and return the exit code, or minus the number of a signal.

        Told to stop, its group gets SIGTERM, and after `kill_after` seconds SIGKILL; with 0, only
        SIGKILL. Which signals Databricks sends is not documented. What is left of the group in the
        end is killed: the compute would end with the task.
        """
        with log.open("wb") as file:
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._live.add(process.pid)
        while process.poll() is None and not stop.wait(0.02):
            pass
        if process.poll() is None and self._switches.kill_after:
            _send(process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(self._switches.kill_after)
        _send(process.pid, signal.SIGKILL)
        process.wait()
        self._live.discard(process.pid)
        return process.returncode

    def end_all(self) -> None:
        """Kill what goes on."""
        for pid in list(self._live):
            _send(pid, signal.SIGKILL)


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return


def tail(log: Path) -> tuple[str, bool]:
    """The end of a log, and whether something was cut off."""
    size = log.stat().st_size
    with log.open("rb") as file:
        file.seek(max(0, size - LOG_LIMIT))
        return file.read().decode("utf-8", "replace"), size > LOG_LIMIT
