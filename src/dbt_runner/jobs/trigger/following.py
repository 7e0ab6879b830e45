"""A job run that has begun: waited for, cancelled, repaired."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from dbt_runner.errors import RunnerError, TransientError
from dbt_runner.jobs.trigger import details, job_run, repairing
from dbt_runner.jobs.trigger.client import Client
from dbt_runner.jobs.trigger.job_run import JobRun
from dbt_runner.jobs.trigger.progress import Tell, silent
from dbt_runner.jobs.trigger.wait import Wait
from dbt_runner.jobs.trigger.watching import Watch

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient


def attach(
    ws: WorkspaceClient,
    run_id: int,
    *,
    timeout: float | None = None,
    tell: Tell = silent,
    tick: Callable[[], object] = lambda: None,
) -> JobRun:
    """Wait for the end of a run that somebody else, or a lost client, has started.

    Raises:
        RunnerError: there is no such run, or it is not to be seen.
    """
    client = Client.of(ws, tell, tick)
    return finish(client, JobRun(run_id), client.wait(timeout), known=False)


def cancel(
    ws: WorkspaceClient,
    run_id: int,
    *,
    timeout: float | None = None,
    tell: Tell = silent,
    tick: Callable[[], object] = lambda: None,
) -> JobRun:
    """Cancel a run and wait until it has ended, however that is.

    Raises:
        RunnerError: there is no such run, or it is not to be cancelled by this principal.
    """
    client = Client.of(ws, tell, tick)
    limit = client.wait(timeout)
    run = JobRun(run_id)
    try:
        run = job_run.seen(
            client.api.ask(lambda ws: ws.jobs.get_run(run_id), within=limit.left), run_id
        )
        if run.outcome is None:
            # asked twice it is still one cancellation
            client.api.ask(lambda ws: ws.jobs.cancel_run(run_id), within=limit.left)
            tell("job_run.cancelling", job_run_id=run_id)
    except TransientError as error:
        return replace(run, left=f"contact was lost: {error}")
    except RunnerError:
        if not _ended_since(client, run_id, limit):
            raise
    return finish(client, run, limit, known=True)


def repair(
    ws: WorkspaceClient,
    run_id: int,
    *,
    wait: bool = True,
    timeout: float | None = None,
    tell: Tell = silent,
    tick: Callable[[], object] = lambda: None,
) -> JobRun:
    """Run a run's failed tasks and those that depend on them again, and wait for the end.

    Raises:
        SettingsError: nothing failed, or there is no such run.
        BusyError: the run is still going.
        LostContact: nobody knows whether the repair began.
        RunnerError: the workspace refused it.
    """
    client = Client.of(ws, tell, tick)
    limit = client.wait(timeout)
    repair_id = repairing.repair(client.api, run_id, limit)
    tell("job_run.repairing", job_run_id=run_id, repair_id=repair_id)
    if not wait:
        return JobRun(run_id, left="not waited for")
    return finish(client, JobRun(run_id), limit, known=True, repair_id=repair_id)


def finish(
    client: Client, run: JobRun, wait: Wait, *, known: bool, repair_id: int | None = None
) -> JobRun:
    """Watch a run, and read what its tasks left behind once it has ended."""
    watch = Watch(client.api, wait, client.tell, client.tick)
    run = watch.until_end(run, known=known, repair_id=repair_id)
    if run.outcome is None:
        return run
    return details.collect(client.api, run, within=wait.at_most(details.LONGEST))


def _ended_since(client: Client, run_id: int, wait: Wait) -> bool:
    """Whether a run has ended, which is why it was not cancelled."""
    try:
        found = client.api.ask(lambda ws: ws.jobs.get_run(run_id), within=wait.left)
    except RunnerError:
        return False
    return job_run.seen(found, run_id).outcome is not None
