"""What starts a job by itself: schedule, trigger, or continuous."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbt_runner.bundle.deployment import Deployment
from dbt_runner.bundle.findings import Finding, finding
from dbt_runner.bundle.job import Job
from dbt_runner.bundle.rules import Rule

STARTS = ("schedule", "trigger", "continuous")
_DEVELOPMENT = re.compile(
    r"(^|[_-])(dev|develop|development|sandbox|local|personal)($|[_-])", re.IGNORECASE
)


def check(deployment: Deployment) -> Iterator[Finding]:
    """Check the schedules of all jobs."""
    development = _is_development(deployment)
    for job in deployment.jobs.values():
        given = [name for name in STARTS if job.value.has(name)]
        if len(given) > 1:
            message = f"has {' and '.join(given)}; Databricks takes one of them"
            place = job.value.at(given[1]).place
            yield finding(Rule.TWO_STARTS, job, message, place=place)
        schedule = job.value.at("schedule")
        if (
            "schedule" in given
            and not schedule.at("timezone_id").text
            and "${" not in schedule.text
        ):
            message = "has a schedule without timezone_id"
            yield finding(Rule.NO_TIME_ZONE, job, message, place=schedule.place)
        if "continuous" in given:
            yield from _continuous(job)
        for name in given if development else ():
            if job.value.at(name).unresolved:
                continue
            status = job.value.at(name, "pause_status")
            if (status.text or _default_status(deployment)) == "UNPAUSED":
                message = f"has a {name} that is on in the target {deployment.target}"
                yield finding(Rule.UNPAUSED, job, message, place=status.place)


def _continuous(job: Job) -> Iterator[Finding]:
    """Tasks that wait for others, and tasks with retries, which a continuous job cannot have.

    Docs: jobs, "run jobs continuously"; its `task_retry_mode` says whether tasks are retried.
    """
    for step in job.steps:
        waits = step.value.at("depends_on")
        if list(waits.elements()):
            message = "depends on another; you cannot use task dependencies with a continuous job"
            fix = "let the job start another with run_job_task, and give the order to that one"
            yield finding(Rule.CONTINUOUS, job, message, task=step, place=waits.place, fix=fix)
    for task in job.tasks:
        retries = task.value.at("max_retries")
        if retries.text not in {"", "0"} and not retries.unresolved:
            message = (
                f"has max_retries {retries.text}; you cannot use retry policies in a continuous job"
            )
            fix = "leave it out; continuous.task_retry_mode (ON_FAILURE, NEVER) says it for all"
            yield finding(Rule.CONTINUOUS, job, message, task=task, place=retries.place, fix=fix)


def _is_development(deployment: Deployment) -> bool:
    """By its mode, or by its name where it has none."""
    if deployment.mode or not deployment.named_targets:
        return deployment.mode == "development"
    return bool(_DEVELOPMENT.search(deployment.target))


def _default_status(deployment: Deployment) -> str:
    """What the CLI fills in where pause_status is left out; it keeps what is written.

    Source: cli v0.298.0, bundle/config/mutator/resourcemutator/apply_presets.go and
    apply_target_mode.go.
    """
    preset = deployment.presets.at("trigger_pause_status").text
    return preset or ("PAUSED" if deployment.mode == "development" else "UNPAUSED")
