"""What a test may set, each with the reading that is worse for the product as its default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jobs.server.errors import Refusal


@dataclass
class Switches:
    """Readings and clocks of the server.

    Attributes:
        accept_undeclared: a run may be given parameters that its job does not declare, and they
            are pushed on like others. Whether Databricks allows it is not documented; taken that
            it does, since then whoever may start a job can reach every named parameter below.
        failed_life_cycle: how the life of a failed job run ends. `INTERNAL_ERROR` was recorded
            by Databricks (github.com/databricks/cli, acceptance/bundle/resources/job_runs);
            the documentation speaks of `TERMINATED`.
        retry_scale: what `min_retry_interval_millis` is multiplied with.
        kill_after: seconds between SIGTERM and SIGKILL. Databricks documents neither.
        seats: processes at a time. With one, tasks side by side take turns: DuckDB lets one
            process write a file, and all tasks here share one. A task that waits for its turn
            is `PENDING`, has its `start_time`, and counts the wait as `setup_duration`, as a
            task does that waits for compute (docs: api/workspace/jobs/getrun, `start_time`).
    """

    accept_undeclared: bool = True
    failed_life_cycle: str = "INTERNAL_ERROR"
    retry_scale: float = 0.001
    kill_after: float = 30.0
    seats: int = 1

    def change(self, values: dict[str, Any]) -> None:
        """Set some of them."""
        for name, value in values.items():
            if name not in vars(self):
                msg = f"no switch: {name}"
                raise Refusal(msg)
            setattr(self, name, value)
