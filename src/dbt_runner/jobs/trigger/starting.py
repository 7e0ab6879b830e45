"""A job started from outside, once for each intent, whatever happens to the client."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dbt_runner.errors import RunnerError, SettingsError
from dbt_runner.jobs.trigger import (
    beginning,
    job_run,
    lookup,
    parameter_object,
    token_owner,
    tokens,
)
from dbt_runner.jobs.trigger import request as requests
from dbt_runner.jobs.trigger.beginning import Begun
from dbt_runner.jobs.trigger.client import Client
from dbt_runner.jobs.trigger.following import finish
from dbt_runner.jobs.trigger.job_run import JobRun
from dbt_runner.jobs.trigger.progress import Tell, silent
from dbt_runner.jobs.trigger.records import Records
from dbt_runner.jobs.trigger.request import Request
from dbt_runner.jobs.trigger.wait import Wait

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

_GLANCE = 10
"""Seconds in which a run that is not waited for may be seen."""


def trigger(
    ws: WorkspaceClient,
    *,
    job_id: int | None = None,
    job_name: str | None = None,
    parameters: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
    send: str | None = None,
    idempotency_token: str | None = None,
    once_per: str | None = None,
    resume: bool = False,
    another: bool = False,
    wait: bool = True,
    timeout: float | None = None,
    tell: Tell = silent,
    tick: Callable[[], object] = lambda: None,
    report: Callable[[JobRun], object] = lambda _: None,
    records: Path | None = None,
    after_interrupt: float = 0,
) -> JobRun:
    """Start a job and wait for the end of its run; prints nothing, and needs no main thread.

    A run that fails raises nothing: look at `outcome` or `exit_code`, or call
    `raise_unless_success`. Nor does a wait that ends before the run: then `outcome` is `None`,
    `left` says why, and `attach` goes on waiting.

    For an orchestrator that may call this several times for one intent, from any machine, give
    `once_per` something that names the intent, such as the id of its own run.

    Args:
        ws: a client of the workspace. What it repeats by itself, it repeats with the same token.
        job_id, job_name: which job; the name exactly. One of them.
        parameters: by name, all texts. What the job declares, else what its tasks read.
        arguments: words instead, for a task that reads a list.
        send: name of the parameter object, where the tasks read several.
        idempotency_token: 1 to 64 characters that name the intent to Databricks.
        once_per: or text from which one is made, with the host, the job and the parameters.
        resume: without either: go on with an equal request whose client died, if there is one.
        another: or start one more run in spite of it.
        wait: for the end.
        timeout: seconds that all of this may take, of which each request has one at least.
        tell: told of progress: the name of an event, and facts.
        tick: called before each look at the run.
        report: called with the result just before it is returned, while it is still on disk: who
            is killed before that is told has it told by the next `resume`.
        records: folder for what was sent, if not the user's own (`$XDG_STATE_HOME`).
        after_interrupt: seconds in which a `KeyboardInterrupt` still waits for the run's id, for
            `tell`, where the request is on its way.

    Returns:
        The run as it was last seen.

    Raises:
        SettingsError: refused before anything was sent, or the token belongs to another intent.
        BusyError: `resume`, while another client is at an equal request.
        LostContact: nobody knows whether the run began; the same call asks again.
        RunnerError: the workspace refused, or does not answer; there is no run.
    """
    if resume and another:
        msg = "resume: does not go together with another; use one of them"
        raise SettingsError(msg)
    client = Client.of(ws, tell, tick)
    limit = client.wait(timeout)
    prepared = prepare(
        client,
        limit,
        job_id=job_id,
        job_name=job_name,
        parameters=parameters or {},
        arguments=arguments,
        send=send,
        idempotency_token=idempotency_token,
        once_per=once_per,
    )
    begun = beginning.begin(
        client,
        prepared,
        Records(records),
        limit,
        resume=resume,
        another=another,
        after_interrupt=after_interrupt,
    )
    try:
        tell("job_run.started", job_run_id=begun.run_id, job_id=begun.request.job_id)
        if idempotency_token is not None:
            token_owner.check(client.api, begun.request, begun.run_id, limit)
        run = _follow(client, begun, limit if wait else None)
        report(run)
    except BaseException as error:
        # a refusal names the run, and who is told of progress has heard its id; else, such as at
        # an orchestrator's own time limit, the next equal call has to know
        heard = isinstance(error, KeyboardInterrupt) and tell is not silent
        if heard or isinstance(error, RunnerError):
            begun.settle()
        else:
            begun.leave()
        raise
    begun.settle()
    return run


def prepare(
    client: Client,
    wait: Wait,
    *,
    job_id: int | None,
    job_name: str | None,
    parameters: Mapping[str, str],
    arguments: Sequence[str],
    send: str | None,
    idempotency_token: str | None,
    once_per: str | None,
) -> Request:
    """Look at the job and make the request for it, checked; nothing is sent.

    Raises:
        SettingsError: what is wrong with it.
        RunnerError: the workspace does not answer, or refuses.
    """
    if idempotency_token is not None and once_per is not None:
        msg = "once_per: makes a token, so idempotency_token cannot be given too; use one of them"
        raise SettingsError(msg)
    token = None if idempotency_token is None else tokens.given(idempotency_token)
    wanted = None if send is None else parameter_object.kind_of(send)
    job = lookup.find(client.api, job_id, job_name, wait)
    found = job.job_id or job_id or 0
    values = requests.parameters(job.settings, parameters, arguments, wanted)
    if once_per is not None:
        token = tokens.derived(client.host, found, values, once_per)
    name = (job.settings and job.settings.name) or ""
    client.tell("job.found", job_id=found, name=name, sends=next(iter(values), None))
    fresh = token is None
    return Request(client.host, found, values, token or tokens.fresh(), fresh=fresh)


def _follow(client: Client, begun: Begun, wait: Wait | None) -> JobRun:
    token = begun.request.idempotency_token
    run = JobRun(begun.run_id, begun.request.job_id, idempotency_token=token)
    if wait:
        return finish(client, run, wait, known=True)
    try:
        found = client.api.once(lambda ws: ws.jobs.get_run(run.run_id), within=_GLANCE)
    except RunnerError:
        return replace(run, left="not waited for")
    seen = job_run.seen(found, run.run_id)
    return replace(
        seen,
        idempotency_token=token,
        left="" if seen.outcome else "not waited for",
    )
