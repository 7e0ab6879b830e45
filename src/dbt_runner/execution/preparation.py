"""What dbt expects to find in place before it starts."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from dbt_runner.errors import BusyError
from dbt_runner.execution.assignment import Assignment
from dbt_runner.warehouse import duckdb

_TRY_AGAIN = 0.5


def prepare_when_free(
    assignment: Assignment,
    cancelled: Callable[[], bool],
    notice: Callable[..., None],
    wait: float,
    pause: Callable[[float], None],
) -> None:
    """Do as `prepare`, and wait for another process that holds the file.

    Args:
        wait: for how many seconds.
        pause: waits for some seconds; raises if the run is to end.

    Raises:
        BusyError: another process still holds the file.
        ProjectError: the file or the samples cannot be made.
    """
    end = time.monotonic() + wait
    told = False
    while True:
        try:
            prepare(assignment, cancelled, notice)
        except BusyError as error:
            if time.monotonic() >= end:
                raise
            if not told:
                told = True
                notice("lock.waiting", reason=str(error))
        else:
            return
        pause(_TRY_AGAIN)


def prepare(
    assignment: Assignment, cancelled: Callable[[], bool], notice: Callable[..., None]
) -> None:
    """Make the DuckDB file of a target, with the samples that it offers; else do nothing.

    Raises:
        BusyError: another process holds the file.
        ProjectError: the file or the samples cannot be made.
    """
    output = assignment.connection.output or {}
    if output.get("type") != "duckdb" or assignment.settings.profiles_dir:
        return
    file = Path(output["path"])
    target = assignment.policy.targets.get(assignment.connection.target)
    if target and target.samples:
        scale = assignment.settings.sample_scale
        if not duckdb.has_samples(scale):
            notice("samples.generating", scale=scale)
        duckdb.offer_samples(file, scale, cancelled)
    else:
        duckdb.prepare_file(file)
