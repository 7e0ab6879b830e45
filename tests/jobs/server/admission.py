"""When a run begins: at once, after others of its job, or never."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection

from jobs.server import execution
from jobs.server.attempt import StartChild
from jobs.server.runs import JobRun
from jobs.server.states import State
from jobs.server.workspace import Workspace


def admit(workspace: Workspace, run: JobRun, start_child: StartChild) -> JobRun:
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
    begin(workspace, run, run.tasks, start_child)
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


def begin(
    workspace: Workspace, run: JobRun, keys: Collection[str], start_child: StartChild
) -> None:
    """Let a run work on the tasks of these keys, when its job has room for it."""

    def work() -> None:
        while not _takes_room(workspace, run):
            time.sleep(0.05)
        try:
            execution.execute(workspace, run, keys, start_child)
        finally:
            if not run.done.is_set():
                run.end(State("INTERNAL_ERROR", "FAILED", "a fault of the bench: see its log"))

    threading.Thread(target=work, daemon=True).start()
