"""A request sent until somebody answers: the same token each time, so that one run comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbt_runner.errors import LostContact, RunnerError
from dbt_runner.jobs.trigger.request import Request

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

    from dbt_runner.warehouse.rest_api import RestApi


def send(api: RestApi, request: Request, *, sent_before: bool) -> int:
    """Start the run, or find it started.

    A dropped answer, a timeout, 429, 500 and 503 are tried again for as long as `api` has
    patience. Databricks starts one run for one token, however often it comes (Jobs API, run-now).

    Args:
        api: how the workspace is asked.
        sent_before: an earlier client may have sent it.

    Returns:
        The run's id.

    Raises:
        LostContact: nobody knows whether the run began.
        RunnerError: the workspace refused it; there is no run.
    """
    attempts = 0

    def call(ws: WorkspaceClient) -> int | None:
        nonlocal attempts
        attempts += 1
        try:
            found = ws.jobs.run_now(
                request.job_id, idempotency_token=request.idempotency_token, **request.parameters
            )
        except (KeyError, TypeError):
            # what the SDK makes of an answer without a `run_id`
            return None
        # the SDK gives this no type
        answer: Any = found.response
        run_id: int | None = answer.run_id
        return run_id

    try:
        run_id = api.ask(call)
    except RunnerError as error:
        if _proves_that_there_is_none(error, again=sent_before or attempts > 1):
            raise
        msg = f"nobody said whether the run began: {error}"
        raise LostContact(msg) from error
    if run_id is None:
        msg = f"host: {api.host} answered without the id of a run"
        raise LostContact(msg)
    return run_id


def _proves_that_there_is_none(error: RunnerError, *, again: bool) -> bool:
    """Whether the workspace itself refused, and would have refused the first time too."""
    from databricks.sdk.errors import base, platform

    said = error.__cause__
    if not isinstance(said, base.DatabricksError) or error.exit_code != 2:
        return False
    login = isinstance(said, platform.Unauthenticated | platform.PermissionDenied)
    return not (login and again)
