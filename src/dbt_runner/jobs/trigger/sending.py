"""A request sent until somebody answers: the same token each time, so that one run comes of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dbt_runner.errors import LostContact, RunnerError
from dbt_runner.jobs.trigger.request import Request

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

    from dbt_runner.warehouse.rest_api import RestApi


def send(api: RestApi, request: Request, *, sent_before: bool, within: float | None = None) -> int:
    """Start the run, or find it started.

    A dropped answer, a timeout, 429, 500 and 503 are tried again for as long as `api` has
    patience. Databricks starts one run for one token, however often it comes (Jobs API, run-now).

    Args:
        api: how the workspace is asked.
        sent_before: an earlier client may have sent it.
        within: seconds that it may take.

    Returns:
        The run's id.

    Raises:
        LostContact: nobody knows whether the run began.
        RunnerError: the workspace refused it the first time that it came; there is no run.
    """
    attempts = 0
    began = time.monotonic()

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
        run_id = api.ask(call, within=within)
    except RunnerError as error:
        # what the workspace says of a later one tells nothing of the first, which may have begun it
        first = not sent_before and attempts == 1 and not repeated(api, began)
        if first and refused(error):
            raise
        msg = f"nobody said whether the run began: {error}"
        raise LostContact(msg) from error
    if run_id is None:
        msg = f"host: {api.host} answered without the id of a run"
        raise LostContact(msg)
    return run_id


def refused(error: RunnerError) -> bool:
    """Whether the workspace itself said no, and not somebody on the way or nobody at all."""
    from databricks.sdk.errors import base

    return isinstance(error.__cause__, base.DatabricksError) and error.exit_code == 2


def repeated(api: RestApi, began: float) -> bool:
    """Whether a client that is not ours may have sent a request twice by itself since a time.

    It pauses for a second at least in between (databricks-sdk 0.117, `databricks/sdk/retries.py`).
    """
    return api.repeats and time.monotonic() - began >= 1
