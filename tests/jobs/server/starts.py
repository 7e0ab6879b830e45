"""How runs begin: run-now, submit, and Run Job tasks."""

from __future__ import annotations

from typing import Any

from jobs.server import definitions, parameters, references
from jobs.server.admission import admit
from jobs.server.attempt import StartChild
from jobs.server.errors import Refusal
from jobs.server.runs import JobRun, TaskRun
from jobs.server.selection import chosen
from jobs.server.stops import Stop
from jobs.server.workspace import Workspace

LONGEST_TOKEN = 64
"""Characters of an idempotency token (docs: api/workspace/jobs/runnow)."""


def run_now(workspace: Workspace, request: dict[str, Any]) -> JobRun:
    """Start a job, unless the token has started one already.

    Raises:
        Refusal: there is no such job, or it cannot be started with that.
    """
    with workspace.starting:
        if run := _known(workspace, request):
            return run
        job = workspace.jobs.get(request["job_id"])
        undeclared = workspace.switches.accept_undeclared
        parameters.check(request, job.settings, undeclared=undeclared)
        given = request.get("job_parameters") or {}
        own = parameters.declared(job.settings)
        run = JobRun(job.job_id, job.settings, {**own, **given}, request)
        run.tasks = chosen(job.settings, request.get("only"))
        return _accept(workspace, run)


def submit(workspace: Workspace, request: dict[str, Any]) -> JobRun:
    """Run tasks once, without a job."""
    with workspace.starting:
        if run := _known(workspace, request):
            return run
        settings = {**request, "name": request.get("run_name", "Untitled")}
        definitions.check(settings)
        run = JobRun(None, settings, {}, {"idempotency_token": request.get("idempotency_token")})
        run.tasks = chosen(settings, None)
        return _accept(workspace, run)


def children(workspace: Workspace) -> StartChild:
    """Starts jobs below task runs."""
    return lambda *words: _child(workspace, *words)


def _child(
    workspace: Workspace, above: JobRun, record: TaskRun, job_id: int, given: dict[str, str]
) -> JobRun:
    """Start a job below a task run."""
    with workspace.starting:
        settings = workspace.jobs.get(job_id).settings
        undeclared = workspace.switches.accept_undeclared
        found = parameters.for_child(settings, given, undeclared=undeclared)
        run = JobRun(
            job_id,
            settings,
            found,
            trigger="RUN_JOB_TASK",
            above=record.run_id,
            depth=above.depth + 1,
            stop=Stop(record.stop),
        )
        run.tasks = chosen(settings, None)
        return admit(workspace, run, children(workspace))


def _known(workspace: Workspace, request: dict[str, Any]) -> JobRun | None:
    """The run that a token has started; a token is taken to be one for the whole workspace."""
    token = request.get("idempotency_token")
    if not token:
        return None
    if len(token) > LONGEST_TOKEN:
        msg = f"idempotency_token has more than {LONGEST_TOKEN} characters"
        raise Refusal(msg)
    run = workspace.tokens.get(token)
    if run is None:
        return None
    # "if a run with the provided token is deleted, an error is returned" (docs: runnow)
    workspace.runs.get(run.run_id)
    _note(workspace, run, request, created=False)
    return run


def _note(workspace: Workspace, run: JobRun, request: dict[str, Any], *, created: bool) -> None:
    workspace.accepted.append(
        {
            "run_id": run.run_id,
            "job_id": run.job_id,
            "idempotency_token": request.get("idempotency_token"),
            "job_parameters": request.get("job_parameters") or {},
            "created": created,
        }
    )


def _accept(workspace: Workspace, run: JobRun) -> JobRun:
    facts = references.Facts(
        job={
            "id": run.job_id,
            "name": run.settings.get("name", "Untitled"),
            "run_id": run.run_id,
            "repair_count": 0,
        },
        start_time=run.start_time,
        parameters=run.parameters,
    )
    run.parameters = references.resolve(run.parameters, facts)
    admit(workspace, run, children(workspace))
    if token := run.request.get("idempotency_token"):
        workspace.tokens[token] = run
    _note(workspace, run, run.request, created=True)
    return run
