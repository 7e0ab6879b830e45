"""What dbt expects to find in place before it starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dbt_runner.execution.assignment import Assignment
from dbt_runner.warehouse import duckdb


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
