"""The paths of the Jobs API 2.2 that are answered here (docs: api/workspace/jobs)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jobs.server import bodies, job_paths, run_paths
from jobs.server.errors import Refusal
from jobs.server.workspace import Workspace

Content = dict[str, Any]
Answerer = Callable[[Workspace, Content], Content]

# (method, path) → method of the SDK's JobsAPI, and what answers it
ROUTES: dict[tuple[str, str], tuple[str, Answerer]] = {
    ("POST", "create"): ("create", job_paths.create),
    ("GET", "get"): ("get", job_paths.get),
    ("GET", "list"): ("list", job_paths.list_),
    ("POST", "reset"): ("reset", job_paths.reset),
    ("POST", "update"): ("update", job_paths.update),
    ("POST", "delete"): ("delete", job_paths.delete),
    ("POST", "run-now"): ("run_now", run_paths.run_now),
    ("POST", "runs/submit"): ("submit", run_paths.submit),
    ("GET", "runs/get"): ("get_run", run_paths.get_run),
    ("GET", "runs/list"): ("list_runs", run_paths.list_runs),
    ("GET", "runs/get-output"): ("get_run_output", run_paths.output),
    ("POST", "runs/cancel"): ("cancel_run", run_paths.cancel),
    ("POST", "runs/cancel-all"): ("cancel_all_runs", run_paths.cancel_all),
    ("POST", "runs/repair"): ("repair_run", run_paths.repair),
    ("POST", "runs/delete"): ("delete_run", run_paths.delete_run),
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
