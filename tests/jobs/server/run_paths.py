"""The paths that are about runs."""

from __future__ import annotations

from typing import Any

from jobs.server import pages, published, repairs, starts
from jobs.server.errors import Refusal
from jobs.server.register import output_of
from jobs.server.runs import JobRun, stop
from jobs.server.workspace import Workspace

Content = dict[str, Any]


def run_now(workspace: Workspace, body: Content) -> Content:
    """Start a job."""
    run = starts.run_now(workspace, body)
    return {"run_id": run.run_id, "number_in_job": run.run_id}


def submit(workspace: Workspace, body: Content) -> Content:
    """Run tasks without a job."""
    return {"run_id": starts.submit(workspace, body).run_id}


def get_run(workspace: Workspace, words: Content) -> Content:
    """A run of a job or of a task."""
    run, record = workspace.runs.find(words["run_id"])
    found = published.job_run(run)
    if record:
        # a task run looks like a run with one task (docs: getrun, `run_id`)
        told = published.task_run(run, record)
        found |= {name: told[name] for name in ("run_id", "attempt_number", "state", "status")}
        found |= {name: told[name] for name in ("start_time", "end_time", "run_page_url")}
        found["tasks"] = [told]
        found["iterations"] = [published.task_run(run, each) for each in record.iterations]
    if not words.get("include_history"):
        found.pop("repair_history")
    if not words.get("include_resolved_values"):
        for task in found["tasks"]:
            task.pop("resolved_values", None)
    more = pages.inner(found, published.LISTS, words.get("page_token"))
    return {**found, **more}


def list_runs(workspace: Workspace, words: Content) -> Content:
    """Runs, newest first."""
    if words.get("active_only") and words.get("completed_only"):
        msg = "active_only and completed_only exclude each other"
        raise Refusal(msg)
    page, more = pages.cut(
        [run for run in workspace.runs.newest_first() if _is_asked_for(run, words)], words, 24
    )
    found = []
    for run in page:
        told = published.job_run(run)
        told.pop("repair_history")
        if words.get("expand_tasks"):
            told["has_more"] = bool(pages.inner(told, published.LISTS, None))
        else:
            told.pop("tasks")
        found.append(told)
    return {"runs": found, **more}


def _is_asked_for(run: JobRun, words: Content) -> bool:
    return (
        words.get("job_id") in (None, run.job_id)
        and not (words.get("active_only") and run.state.is_done)
        and not (words.get("completed_only") and not run.state.is_done)
        and words.get("start_time_from", 0) <= run.start_time
        and run.start_time <= words.get("start_time_to", run.start_time)
    )


def output(workspace: Workspace, words: Content) -> Content:
    """What a task run left."""
    record = output_of(*workspace.runs.find(words["run_id"]))
    metadata = get_run(workspace, {"run_id": record.run_id})
    return {**record.output, "metadata": metadata}


def cancel(workspace: Workspace, body: Content) -> Content:
    """Ask a run to end."""
    run, record = workspace.runs.find(body["run_id"])
    stop(record or run)
    return {}


def cancel_all(workspace: Workspace, body: Content) -> Content:
    """Ask all runs of a job to end."""
    for run in workspace.runs.newest_first():
        if body.get("job_id") in (None, run.job_id):
            cancel(workspace, {"run_id": run.run_id})
    return {}


def repair(workspace: Workspace, body: Content) -> Content:
    """Run tasks of a run again."""
    return {"repair_id": repairs.repair(workspace, body).repair_id}


def delete_run(workspace: Workspace, body: Content) -> Content:
    """Forget a run."""
    if not workspace.runs.get(body["run_id"]).state.is_done:
        msg = f"Run {body['run_id']} is active"
        raise Refusal(msg)
    workspace.runs.remove(body["run_id"])
    return {}
