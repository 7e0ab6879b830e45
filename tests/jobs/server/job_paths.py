"""The paths that are about jobs."""

from __future__ import annotations

from typing import Any

from jobs.server import bodies, jobs, pages
from jobs.server.workspace import Workspace

Content = dict[str, Any]


def create(workspace: Workspace, body: Content) -> Content:
    """Make a job."""
    body.pop("access_control_list", None)
    return {"job_id": workspace.jobs.create(bodies.job_settings(body)).job_id}


def get(workspace: Workspace, words: Content) -> Content:
    """A job, a page of its lists at a time."""
    found = workspace.jobs.get(words["job_id"]).told()
    more = pages.inner(found["settings"], jobs.LISTS, words.get("page_token"))
    return {**found, **more}


def list_(workspace: Workspace, words: Content) -> Content:
    """Jobs, newest first."""
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


def reset(workspace: Workspace, body: Content) -> Content:
    """Replace a job's settings."""
    workspace.jobs.reset(body["job_id"], bodies.job_settings(body["new_settings"]))
    return {}


def update(workspace: Workspace, body: Content) -> Content:
    """Change some of a job's settings."""
    settings = bodies.job_settings(body.get("new_settings") or {})
    workspace.jobs.update(body["job_id"], settings, body.get("fields_to_remove") or [])
    return {}


def delete(workspace: Workspace, body: Content) -> Content:
    """Forget a job."""
    workspace.jobs.delete(body["job_id"])
    return {}
