"""What a test may set where the documentation is silent, and what each default means for us.

The life of a failed run defaults to the worse reading. Three defaults are the better ones for the
product: the signals (`kill_after`), what a repair keeps, and named parameters that merge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jobs.server.errors import Refusal


@dataclass
class Switches:
    """Readings and clocks of the server.

    Attributes:
        accept_undeclared: a run may be given parameters that its job does not declare, and they
            are pushed on like others. Off, such a start is refused, and a child run gets none
            that its job does not declare: what is passed overrides "the default parameters for
            the specified job" (docs: jobs/run-job), and Databricks' example of it declares them
            in the children (github.com/databricks/bundle-examples, job_with_run_job_tasks). So
            nothing here works because a declaration was forgotten. Whether Databricks accepts
            them all the same is not documented; for security that is worse, since whoever may
            start a job could reach every named parameter below: `test_bounds` turns it on.
        failed_life_cycle: how the life of a failed job run ends. `INTERNAL_ERROR` was recorded
            by Databricks (github.com/databricks/cli, acceptance/bundle/resources/job_runs);
            the documentation speaks of `TERMINATED`.
        retry_scale: what `min_retry_interval_millis` is multiplied with.
        kill_after: seconds between SIGTERM and SIGKILL; with 0 there is no SIGTERM. Databricks
            documents neither. The default is better for us than what might be: it is longer
            than the runner's own grace (25 seconds), so a cancelled run can tell its end.
        repair_keeps_parameters: a repair goes on with what its run was started with. Better for
            us, and not documented; otherwise it begins with the job's defaults.
        named_params_merge: `python_named_params` leave a task's other named parameters as they
            are. Better for us, and not documented; otherwise they replace all of them.
        seats: processes at a time. With one, tasks side by side take turns: DuckDB lets one
            process write a file, and all tasks here share one. A task that waits for its turn
            is `PENDING`, has its `start_time`, and counts the wait as `setup_duration`, as a
            task does that waits for compute (docs: api/workspace/jobs/getrun, `start_time`).
    """

    accept_undeclared: bool = False
    failed_life_cycle: str = "INTERNAL_ERROR"
    retry_scale: float = 0.001
    kill_after: float = 30.0
    repair_keeps_parameters: bool = True
    named_params_merge: bool = True
    seats: int = 1

    def change(self, values: dict[str, Any]) -> None:
        """Set some of them."""
        for name, value in values.items():
            if name not in vars(self):
                msg = f"no switch: {name}"
                raise Refusal(msg)
            setattr(self, name, value)
