"""The paths of the Jobs API 2.2 that are answered here (docs: api/workspace/jobs)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jobs.server import bodies, jobs, pages, published, repairs, starts
from jobs.server.errors import Refusal
from jobs.server.runs import JobRun, output_of, stop
from jobs.server.workspace import Workspace

Content = dict[str, Any]
Answerer = Callable[[Workspace, Content], Content]


def _create(workspace: Workspace, body: Content) -> Content:
    body.pop("access_control_list", None)
    return {"job_id": workspace.jobs.create(bodies.job_settings(body)).job_id}


def _get(workspace: Workspace, words: Content) -> Content:
    found = workspace.jobs.get(words["job_id"]).told()
    more = pages.inner(found["settings"], jobs.LISTS, words.get("page_token"))
    return {**found, **more}


def _list(workspace: Workspace, words: Content) -> Content:
    page, more = pages.cut(workspace.jobs.named(words.get("name")), words, 100)
    found = []
    for job in page:
        told = job.told()
        if words.get("expand_tasks"):
            told["has_more"] = bool(pages.inner(told["settings"], jobs.LISTS, None))
        else:
            for name in jobs.LISTS:
                told["settings"].pop(name, None)
        found.append(told)
    return {"jobs": found, **more}


def _reset(workspace: Workspace, body: Content) -> Content:
    workspace.jobs.reset(body["job_id"], bodies.job_settings(body["new_settings"]))
    return {}


def _update(workspace: Workspace, body: Content) -> Content:
    settings = bodies.job_settings(body.get("new_settings") or {})
    workspace.jobs.update(body["job_id"], settings, body.get("fields_to_remove") or [])
    return {}


def _delete(workspace: Workspace, body: Content) -> Content:
    workspace.jobs.delete(body["job_id"])
    return {}


def _run_now(workspace: Workspace, body: Content) -> Content:
    run = starts.run_now(workspace, body)
    return {"run_id": run.run_id, "number_in_job": run.run_id}


def _submit(workspace: Workspace, body: Content) -> Content:
    return {"run_id": starts.submit(workspace, body).run_id}


def _get_run(workspace: Workspace, words: Content) -> Content:
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


def _list_runs(workspace: Workspace, words: Content) -> Content:
    if words.get("active_only") and words.get("completed_only"):
        msg = "active_only and completed_only exclude each other"
        raise Refusal(msg)
    page, more = pages.cut(
        [run for run in workspace.runs.newest_first() if _is_asked_for(run, words)], words, 25
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


def _output(workspace: Workspace, words: Content) -> Content:
    record = output_of(*workspace.runs.find(words["run_id"]))
    metadata = _get_run(workspace, {"run_id": record.run_id})
    return {**record.output, "metadata": metadata}


def _cancel(workspace: Workspace, body: Content) -> Content:
    run, record = workspace.runs.find(body["run_id"])
    stop(record or run)
    return {}


def _cancel_all(workspace: Workspace, body: Content) -> Content:
    for run in workspace.runs.newest_first():
        if body.get("job_id") in (None, run.job_id):
            _cancel(workspace, {"run_id": run.run_id})
    return {}


def _repair(workspace: Workspace, body: Content) -> Content:
    return {"repair_id": repairs.repair(workspace, body).repair_id}


def _delete_run(workspace: Workspace, body: Content) -> Content:
    if not workspace.runs.get(body["run_id"]).state.is_done:
        msg = f"Run {body['run_id']} is active"
        raise Refusal(msg)
    workspace.runs.remove(body["run_id"])
    return {}


# (method, path) → method of the SDK's JobsAPI, and what answers it
ROUTES: dict[tuple[str, str], tuple[str, Answerer]] = {
    ("POST", "create"): ("create", _create),
    ("GET", "get"): ("get", _get),
    ("GET", "list"): ("list", _list),
    ("POST", "reset"): ("reset", _reset),
    ("POST", "update"): ("update", _update),
    ("POST", "delete"): ("delete", _delete),
    ("POST", "run-now"): ("run_now", _run_now),
    ("POST", "runs/submit"): ("submit", _submit),
    ("GET", "runs/get"): ("get_run", _get_run),
    ("GET", "runs/list"): ("list_runs", _list_runs),
    ("GET", "runs/get-output"): ("get_run_output", _output),
    ("POST", "runs/cancel"): ("cancel_run", _cancel),
    ("POST", "runs/cancel-all"): ("cancel_all_runs", _cancel_all),
    ("POST", "runs/repair"): ("repair_run", _repair),
    ("POST", "runs/delete"): ("delete_run", _delete_run),
}


def answer(workspace: Workspace, method: str, path: str, content: Content) -> Content:
    """Answer a request below `/api/2.2/jobs/`.

    Args:
        content: the body, or the words of the address.

    Raises:
        Refusal: it cannot be answered.
    """
    if (method, path) not in ROUTES:
        msg = f"No API found for '{method} /jobs/{path}'"
        raise Refusal(msg, "ENDPOINT_NOT_FOUND", 404)
    name, found = ROUTES[method, path]
    content = bodies.query(content, name) if method == "GET" else content
    return found(workspace, bodies.parsed(content, name))
