"""Serverless environments of Python and dbt tasks."""

from __future__ import annotations

from collections.abc import Iterator

from dbt_runner.bundle.deployment import Deployment
from dbt_runner.bundle.findings import Finding, finding
from dbt_runner.bundle.rules import Rule

# A notebook brings its environment, and SQL needs none.
_NEED_ONE = frozenset({"python_wheel_task", "spark_python_task", "dbt_task"})
_CLUSTER = ("new_cluster", "existing_cluster_id", "job_cluster_key", "compute")


def check(deployment: Deployment) -> Iterator[Finding]:
    """Check that each task that needs an environment names one that there is."""
    for job in deployment.jobs.values():
        block = job.value.at("environments")
        known = {entry.at("environment_key").text for entry in block.elements()}
        all_known = not (block.unresolved or any("${" in key for key in known))
        for task in job.tasks:
            key = task.value.at("environment_key")
            on_cluster = any(task.value.has(name) for name in _CLUSTER)
            if task.kind in _NEED_ONE and not key.text and not on_cluster:
                message = f"is a {task.kind} with neither a cluster nor an environment_key"
                yield finding(Rule.NO_ENVIRONMENT, job, message, task=task)
            elif all_known and key.text and "${" not in key.text and key.text not in known:
                there = ", ".join(sorted(known)) or "there is no environments block"
                message = f"names the environment {key.text}, which the job has not ({there})"
                yield finding(Rule.UNKNOWN_ENVIRONMENT, job, message, task=task, place=key.place)
