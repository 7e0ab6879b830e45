"""What a job needs before it runs unattended: an end, retries that were thought of, an alarm."""

from __future__ import annotations

from collections.abc import Iterator

from dbt_runner.bundle.checks.starts import STARTS
from dbt_runner.bundle.deployment import Deployment
from dbt_runner.bundle.findings import Finding, finding
from dbt_runner.bundle.job import Job, Task
from dbt_runner.bundle.rules import Rule
from dbt_runner.bundle.value import Value

_ALARMS = ("email_notifications", "webhook_notifications")


def check(deployment: Deployment) -> Iterator[Finding]:
    """Check the jobs of a target with mode: production."""
    if deployment.mode != "production":
        return
    for job in deployment.jobs.values():
        for task in job.tasks:
            if task.runs:
                yield from _task(job, task)
        unattended = any(job.value.has(name) for name in STARTS)
        if (unattended or job.level == "orchestrator") and not _tells(job):
            message = "tells nobody when it fails"
            yield finding(Rule.NOBODY_TOLD, job, message)


def _task(job: Job, task: Task) -> Iterator[Finding]:
    limits = [job.value, task.value, *([task.loop.value] if task.loop else [])]
    if not any(_counts(value.at("timeout_seconds")) for value in limits):
        message = "has no timeout_seconds, nor has its job"
        yield finding(Rule.NO_TIMEOUT, job, message, task=task)
    if job.value.has("continuous"):
        return  # Databricks itself retries the tasks of a continuous job
    retries = task.value.at("max_retries")
    if not retries.text:
        yield finding(Rule.NO_RETRIES, job, "does not say max_retries", task=task)
    elif _counts(retries) and not task.value.has("min_retry_interval_millis"):
        message = f"has max_retries {retries.text} without min_retry_interval_millis"
        fix = "set min_retry_interval_millis, so that a retry does not follow at once"
        yield finding(Rule.NO_RETRIES, job, message, task=task, place=retries.place, fix=fix)


def _counts(value: Value) -> bool:
    """Whether a number is given, and is not nought."""
    return value.text not in {"", "0"}


def _tells(job: Job) -> bool:
    owners = [job.value, *(step.value for step in job.steps)]
    return any(owner.at(alarm, "on_failure").data for owner in owners for alarm in _ALARMS) or any(
        owner.at(alarm).text for owner in owners for alarm in _ALARMS
    )
