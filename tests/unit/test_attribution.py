"""What a statement and an artifact tell of their run."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from dbt_runner.warehouse import attribution

if TYPE_CHECKING:
    from conftest import Load


def test_ids_of_a_job(load: Load) -> None:
    """The attempt is always known, the rest as far as the job tells it."""
    settings = load("--job-id=1", "--task-key=build").settings
    assert attribution.ids(settings, "a1") == {
        "dbt_runner_attempt": "a1",
        "job_id": "1",
        "task_key": "build",
    }


def test_names_in_artifacts() -> None:
    """dbt copies variables with this beginning into its artifacts."""
    assert attribution.in_artifacts({"job_id": "1"}) == {"DBT_ENV_CUSTOM_ENV_JOB_ID": "1"}


def test_tags_hold_no_separator_and_have_a_length() -> None:
    """A colon separates name and value, and a value is cut at 128 characters."""
    tags = json.loads(attribution.query_tags({"task_key": "a:b", "job_id": "1" * 200}))
    assert tags == {"task_key": "a_b", "job_id": "1" * 128}


def test_headers_of_a_dbt_task() -> None:
    """Outside a job there are none; in it, the job run's id is packed as a dbt task packs it."""
    assert attribution.session_headers({"dbt_runner_attempt": "a1"}) is None
    told = attribution.session_headers({"job_id": "1", "job_run_id": "2", "task_run_id": "3"})
    headers = json.loads(told or "")
    assert headers["X-Databricks-Dbsql-Job-Id"] == "1"
    assert headers["X-Databricks-Dbsql-Run-Id"] == "3"
    source = json.loads(base64.b64decode(headers["X-Databricks-Sql-Query-Source"]))
    assert source == {"job_run_id": "2"}


def test_owner_of_a_lease(load: Load) -> None:
    """Who waits for a run in a job finds its page; on a volume no process is looked for."""
    words = ("--job-id=7", "--job-run-id=8", "--task-key=build")
    settings = load(*words).settings
    owner = attribution.owner(settings, "a1", "k", "w.cloud.databricks.com")
    assert owner.url == "https://w.cloud.databricks.com/jobs/7/runs/8"
    assert (owner.attempt, owner.resume_key) == ("a1", "k")
    assert attribution.owner(settings, "a1", "k", None).url is None
    on_a_volume = load(*words, "--artifacts=/Volumes/main/analytics/dbt_runner").settings
    assert attribution.owner(on_a_volume, "a1", "k", None).machine is None
