"""Which run a statement belongs to, as the query history and dbt's artifacts tell it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace

from dbt_runner.settings import Settings
from dbt_runner.store.owner import Owner

SESSION_HEADERS = "DBT_DATABRICKS_HTTP_SESSION_HEADERS"
_VOLUMES = "/Volumes/"
_IN_ARTIFACTS = "DBT_ENV_CUSTOM_ENV_"


def ids(settings: Settings, attempt: str) -> dict[str, str]:
    """What identifies a run: its attempt, and in a job what the job says about itself."""
    names = ("job_id", "job_run_id", "task_run_id", "task_key")
    known = {name: value for name in names if (value := getattr(settings, name))}
    return {"dbt_runner_attempt": attempt, **known}


def owner(settings: Settings, attempt: str, key: str, host: str | None) -> Owner:
    """The run as the owner of a lease.

    Args:
        key: what links it to other attempts of the same logical run.
        host: of the workspace; with it the job run has a page (Databricks docs, "View a job run").
    """
    job, run = settings.job_id, settings.job_run_id
    url = f"https://{host}/jobs/{job}/runs/{run}" if host and job and run else None
    found = Owner.here(attempt, resume_key=key, job_id=job, job_run_id=run, url=url)
    # machines that start from one snapshot may not be told apart, so there a process proves nothing
    return replace(found, machine=None) if settings.artifacts.startswith(_VOLUMES) else found


def in_artifacts(known: Mapping[str, str]) -> dict[str, str]:
    """Variables that dbt copies into the metadata of its artifacts (dbt docs, "env_var")."""
    return {f"{_IN_ARTIFACTS}{name.upper()}": value for name, value in known.items()}


def query_tags(known: Mapping[str, str]) -> str:
    """The ids as tags of every statement, which the query history shows and filters by.

    At most 128 characters each, without the colon that separates name and value (dbt-databricks
    1.12, `QueryTagsUtils`).
    """
    return json.dumps({name: value.replace(":", "_")[:128] for name, value in known.items()})


def session_headers(known: Mapping[str, str]) -> str | None:
    """The headers by which a dbt task of Databricks tells its ids; `None` outside a job.

    dbt-databricks reads them back into each node's `adapter_response` (1.12, `handle.py`,
    `_get_job_run_context`).
    """
    headers: dict[str, str] = {}
    if "job_id" in known:
        headers["X-Databricks-Dbsql-Job-Id"] = known["job_id"]
    if "task_run_id" in known:
        headers["X-Databricks-Dbsql-Run-Id"] = known["task_run_id"]
    if "job_run_id" in known:
        source = json.dumps({"job_run_id": known["job_run_id"]})
        headers["X-Databricks-Sql-Query-Source"] = base64.b64encode(source.encode()).decode()
    return json.dumps(headers) if headers else None
