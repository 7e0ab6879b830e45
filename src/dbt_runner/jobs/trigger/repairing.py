"""A repair of a job run, sent until it is known that it began, and begun once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dbt_runner.errors import BusyError, LostContact, RunnerError, SettingsError
from dbt_runner.jobs.trigger import outcome, sending
from dbt_runner.jobs.trigger.parameter_object import JOB, KINDS
from dbt_runner.warehouse.rest_api import wanted_pause

if TYPE_CHECKING:
    from databricks.sdk.service.jobs import Run

    from dbt_runner.jobs.trigger.wait import Wait
    from dbt_runner.warehouse.rest_api import RestApi

_ATTEMPTS = 5
_LONGEST_PAUSE = 60.0


def repair(api: RestApi, run_id: int, wait: Wait) -> int:
    """Run the failed tasks of a job run, and those that depend on them, again.

    A repair has no idempotency token. What stands in for it is that a second one has to name the
    one before it (`latest_repair_id`), and that a run which is going is not repaired; so after a
    doubtful answer the run's history is looked at.

    Returns:
        The id of the repair.

    Raises:
        SettingsError: nothing failed, or there is no such run.
        BusyError: the run is still going.
        LostContact: nobody knows whether the repair began.
        RunnerError: the workspace refused it the first time that it came.
    """
    before = _look(api, run_id, wait)
    _check(before, run_id)
    latest = latest_repair(before)
    request: dict[str, Any] = {
        "rerun_all_failed_tasks": True,
        "rerun_dependent_tasks": True,
        **started_with(before, defaults=True),
        **({} if latest is None else {"latest_repair_id": latest}),
    }
    pause, fault = 1.0, f"{api.host} answered without the id of a repair"
    began = time.monotonic()
    for attempt in range(_ATTEMPTS):
        wanted = 0.0
        repair_id: int | None = None
        try:
            found = api.once(lambda ws: ws.jobs.repair_run(run_id, **request), within=wait.left)
            # the SDK gives this no type
            answer: Any = found.response
            repair_id = answer.repair_id
        except (KeyError, TypeError, AttributeError):
            # what the SDK makes of an answer without a `repair_id`
            repair_id = _begun(api, run_id, latest, wait)
        except RunnerError as error:
            # the second may be refused because the first began, and the history be late
            first = attempt == 0 and not sending.repeated(api, began)
            if first and sending.refused(error):
                raise
            repair_id = _begun(api, run_id, latest, wait)
            fault, wanted = str(error), wanted_pause(error)
        if repair_id is not None:
            return repair_id
        if wait.left == 0:
            break
        api.wait(wait.at_most(min(max(pause, wanted), _LONGEST_PAUSE)))
        pause *= 2
    msg = f"nobody said whether the repair of job run {run_id} began: {fault}"
    raise LostContact(msg)


def latest_repair(run: Run) -> int | None:
    """The id of the last repair; the original run among the history has none."""
    repairs = [item for item in run.repair_history or () if item.id]
    return max(repairs, key=lambda item: item.start_time or 0).id if repairs else None


def started_with(run: Run, *, defaults: bool = False) -> dict[str, Any]:
    """The parameter object that a run was started with: a repair without it might use others.

    Args:
        run: as it is shown.
        defaults: also what equals the job's default, which may be another one by now.
    """
    changed = {
        item.name: item.value
        for item in run.job_parameters or ()
        if item.name and item.value is not None and (defaults or item.value != item.default)
    }
    if changed:
        return {JOB.name: changed}
    overriding = run.overriding_parameters
    values = {name: getattr(overriding, name, None) for name in KINDS if name != JOB.name}
    return {name: value for name, value in values.items() if value} if overriding else {}


def _check(run: Run, run_id: int) -> None:
    ended = outcome.of(run.state, run.status)
    if ended is None:
        msg = f"job run {run_id} is still going; attach to it, or cancel it first"
        raise BusyError(msg)
    if ended.name == "SUCCESS":
        msg = f"job run {run_id} ended SUCCESS; there is nothing to repair"
        raise SettingsError(msg)


def _look(api: RestApi, run_id: int, wait: Wait) -> Run:
    return api.ask(lambda ws: ws.jobs.get_run(run_id, include_history=True), within=wait.left)


def _begun(api: RestApi, run_id: int, latest: int | None, wait: Wait) -> int | None:
    """The repair that began since, if one did."""
    try:
        now = latest_repair(_look(api, run_id, wait))
    except RunnerError:
        return None
    return now if now != latest else None
