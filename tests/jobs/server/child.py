"""The Run Job task (docs: jobs/run-job)."""

from __future__ import annotations

from jobs.server.attempt import Attempt, End
from jobs.server.errors import Refusal
from jobs.server.states import GREEN

MOST_NESTED = 3
"""Run Job tasks above each other (docs: jobs/run-job)."""


def run(attempt: Attempt) -> End:
    """Start the other job, wait for it, and end as it ended; a stop goes down to it."""
    if attempt.run.depth >= MOST_NESTED:
        return End("FAILED", f"more than {MOST_NESTED} nested Run Job tasks")
    settings, record = attempt.settings, attempt.record
    given = settings.get("job_parameters", {})
    with attempt.at_work():
        try:
            child = attempt.start_child(attempt.run, record, settings["job_id"], given)
        except Refusal as error:
            return End("FAILED", str(error), "RESOURCE_NOT_FOUND")
        record.output["run_job_output"] = {"run_id": child.run_id}
        child.done.wait()
    if end := attempt.stopped():
        return end
    result = child.state.result or "FAILED"
    if result in GREEN:
        return End("SUCCESS")
    message = f"Run {child.run_id} of job {child.job_id} ended as {result}"
    return End("CANCELED" if result == "CANCELED" else "FAILED", message)
