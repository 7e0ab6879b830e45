"""The run that a token of somebody's own gave: whether it is of this very request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dbt_runner.errors import LostContact, RunnerError, SettingsError
from dbt_runner.jobs.trigger import repairing
from dbt_runner.jobs.trigger.parameter_object import JOB
from dbt_runner.jobs.trigger.request import Request
from dbt_runner.jobs.trigger.wait import Wait

if TYPE_CHECKING:
    from databricks.sdk.service.jobs import Run

    from dbt_runner.warehouse.rest_api import RestApi


def check(api: RestApi, request: Request, run_id: int, wait: Wait) -> None:
    """Refuse to take another intent's run for ours: Databricks only compares the token.

    Raises:
        SettingsError: it is another's.
        LostContact: that is not to be seen.
    """
    token = request.idempotency_token
    try:
        found = api.ask(lambda ws: ws.jobs.get_run(run_id), within=wait.left)
    except RunnerError as error:
        msg = (
            f"idempotency_token: {token} belongs to job run {run_id}, "
            f"which may be going; whether it is of this very request is not to be seen: {error}"
        )
        raise LostContact(msg) from error
    if found.job_id not in {None, request.job_id} or not _was_told(found, request.parameters):
        msg = (
            f"idempotency_token: {token} belongs to job run {run_id} of "
            f"job {found.job_id}, which was started with other parameters; use another token"
        )
        raise SettingsError(msg)


def _was_told(run: Run, sent: Mapping[str, Any]) -> bool:
    """Whether a run was started with these parameters, as far as it shows its own."""
    shown = {item.name: item for item in run.job_parameters or () if item.name}
    if shown:
        given = sent.get(JOB.name, {})
        return given.keys() <= shown.keys() and all(
            _alike(
                given.get(name, item.default), item.default if item.value is None else item.value
            )
            for name, item in shown.items()
        )
    overriding = repairing.started_with(run)
    if sent.keys() <= {JOB.name}:
        return not overriding
    return not overriding or _alike(sent, overriding)


def _alike(sent: Any, has: Any) -> bool:
    """Whether a run has what was sent, as far as that is not for Databricks to fill in.

    It resolves references such as `{{job.start_time.iso_date}}` (docs, "dynamic value references").
    """
    if isinstance(sent, Mapping):
        return sent.keys() == has.keys() and all(_alike(sent[name], has[name]) for name in sent)
    if isinstance(sent, list):
        return len(sent) == len(has) and all(map(_alike, sent, has))
    return sent == has or "{{" in (sent or "")
