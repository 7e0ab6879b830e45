"""How runs begin: run-now, submit, and Run Job tasks."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Collection
from typing import Any

from jobs.server import definitions, execution, parameters, references
from jobs.server.errors import Refusal
from jobs.server.runs import JobRun, TaskRun
from jobs.server.states import State
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
        run.tasks = _chosen(job.settings, request.get("only"))
        return _accept(workspace, run)


def submit(workspace: Workspace, request: dict[str, Any]) -> JobRun:
    """Run tasks once, without a job."""
    with workspace.starting:
        if run := _known(workspace, request):
            return run
        settings = {**request, "name": request.get("run_name", "Untitled")}
        definitions.check(settings)
        run = JobRun(None, settings, {}, {"idempotency_token": request.get("idempotency_token")})
        run.tasks = _chosen(settings, None)
        return _accept(workspace, run)


def child(
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
        run.tasks = _chosen(settings, None)
        return _admit(workspace, run)


def begin(workspace: Workspace, run: JobRun, keys: Collection[str]) -> None:
    """Let a run work on the tasks of these keys, when its job has room for it."""

    def work() -> None:
        while not _takes_room(workspace, run):
            time.sleep(0.05)
        try:
            execution.execute(workspace, run, keys, lambda *words: child(workspace, *words))
        finally:
            if not run.done.is_set():
                run.end(State("INTERNAL_ERROR", "FAILED", "a fault of the bench: see its log"))

    threading.Thread(target=work, daemon=True).start()


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
        job={"id": run.job_id, "run_id": run.run_id, "repair_count": 0},
        start_time=run.start_time,
        parameters=run.parameters,
    )
    run.parameters = references.resolve(run.parameters, facts)
    _admit(workspace, run)
    if token := run.request.get("idempotency_token"):
        workspace.tokens[token] = run
    _note(workspace, run, run.request, created=True)
    return run


def _admit(workspace: Workspace, run: JobRun) -> JobRun:
    """Begin it, queue it, or skip it.

    "The run is skipped" beyond `max_concurrent_runs` without a queue (docs: jobs/advanced,
    "Queueing"); with one it waits until another of its job has ended.
    """
    has_room = run.job_id is None or _has_room(workspace, run)
    workspace.runs.add(run)
    if not has_room and not run.settings.get("queue", {}).get("enabled"):
        message = "the job has as many runs as it may have at a time"
        run.end(State("SKIPPED", "MAXIMUM_CONCURRENT_RUNS_REACHED", message))
        return run
    if not has_room:
        reason = "MAX_CONCURRENT_RUNS_REACHED"
        run.state = State("QUEUED", message="Queued", queue_reason=reason)
        workspace.queued.append(run)
    begin(workspace, run, run.tasks)
    return run


def _has_room(workspace: Workspace, run: JobRun) -> bool:
    most: int = run.settings["max_concurrent_runs"]
    return len(workspace.runs.active(run.job_id or 0)) < most


def _takes_room(workspace: Workspace, run: JobRun) -> bool:
    """Whether a run may begin: it does not wait, is the next one, or was asked to end."""
    with workspace.starting:
        if run not in workspace.queued:
            return True
        first = next(each for each in workspace.queued if each.job_id == run.job_id)
        if run.stop.reason or (first is run and _has_room(workspace, run)):
            workspace.queued.remove(run)
            run.state = State()
            return True
    return False


def _chosen(settings: dict[str, Any], only: list[str] | None) -> list[str]:
    """Keys of the tasks that run: all, or those of `only` (`a`, `+a` with what it needs, `a+`)."""
    above = {
        task["task_key"]: [item["task_key"] for item in task.get("depends_on", ())]
        for task in settings.get("tasks", ())
    }
    if not only:
        return list(above)
    below = {key: [other for other in above if key in above[other]] for key in above}
    found: set[str] = set()
    for word in only:
        before, key, after = re.fullmatch(r"(\+?)(.*?)(\+?)", word).groups()  # type: ignore[union-attr]
        if key not in above:
            msg = f"only: there is no task {key}"
            raise Refusal(msg)
        found.add(key)
        found |= reach(key, above) if before else set()
        found |= reach(key, below) if after else set()
    return [key for key in above if key in found]


def reach(key: str, edges: dict[str, list[str]]) -> set[str]:
    """Everything that can be reached from a key."""
    found: set[str] = set()
    waiting = list(edges[key])
    while waiting:
        other = waiting.pop()
        if other not in found:
            found.add(other)
            waiting += edges[other]
    return found
