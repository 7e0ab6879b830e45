"""A process that takes leases: by itself, again and again, or to hold one for a test.

Usage: lease_driver.py FOLDER hammer SECONDS | FOLDER hold ATTEMPT LEASE [DATABASE_FILE]
"""

from __future__ import annotations

import os
import random
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any

from dbt_runner.errors import BusyError
from dbt_runner.execution.writing import places
from dbt_runner.store.lease import Times
from dbt_runner.store.leases import Leases, Place
from dbt_runner.store.owner import Owner

PLACE = Place(("duckdb", "main", "analytics"), "main.analytics")


def tell(*words: object) -> None:
    """Say something to the test."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def leases(folder: Path, attempt: str, lease: float) -> Leases:
    """Leases for an attempt of this process."""

    def notice(event: str, **facts: Any) -> None:
        if event not in {"lock.waiting", "lock.taken"}:
            tell(event, facts)

    times = Times(lease, lease / 6)
    return Leases(folder, lambda: Owner.here(attempt), lambda: None, notice, times)


def hammer(folder: Path, seconds: float) -> None:
    """Take a lease as often as can be, and prove each time to be alone; sometimes die on it."""
    end = time.monotonic() + seconds
    check = folder / "check"
    chance = random.Random()  # noqa: S311
    while time.monotonic() < end:
        mine = leases(folder, f"{os.getpid()}", 60)
        try:
            mine.take([PLACE], chance.choice([0, 0, 60]))
        except BusyError:
            tell("busy")
            time.sleep(chance.random() * 0.05)
            continue
        if check.exists() and is_dead(check):
            check.unlink()
        try:
            handle = os.open(check, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except FileExistsError:
            tell("two holders")
            return
        os.write(handle, str(os.getpid()).encode())
        os.close(handle)
        time.sleep(chance.random() * 0.02)
        if chance.random() < 0.02:
            tell("dies")
            os.kill(os.getpid(), signal.SIGKILL)
        check.unlink()
        mine.release()
        tell("held")


def is_dead(check: Path) -> bool:
    """Whether the process that wrote a check file has been killed."""
    process = check.read_text(encoding="ascii")
    try:
        stat = Path(f"/proc/{process or 'self'}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


def hold(folder: Path, attempt: str, lease: float, file: str | None) -> None:
    """Hold a place until it is lost, or until standard input ends."""
    mine = leases(folder, attempt, lease)
    mine.take(places({("main", "analytics")}, "duckdb", file) if file else [PLACE], 0)
    tell("held")
    while mine.lost is None and not select.select([sys.stdin], [], [], 0.01)[0]:
        pass
    tell(mine.lost or "released")
    mine.release()


if __name__ == "__main__":
    where = Path(sys.argv[1])
    if sys.argv[2] == "hammer":
        hammer(where, float(sys.argv[3]))
    else:
        hold(where, sys.argv[3], float(sys.argv[4]), sys.argv[5] if sys.argv[5:] else None)
