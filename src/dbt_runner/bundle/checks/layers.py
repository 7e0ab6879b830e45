"""Three layers: atomic jobs run something, composite jobs and orchestrators start jobs."""

from __future__ import annotations

from collections.abc import Iterator

from dbt_runner.bundle.deployment import Deployment
from dbt_runner.bundle.findings import Finding, finding
from dbt_runner.bundle.job import LEVELS, Job
from dbt_runner.bundle.rules import Rule


def check(deployment: Deployment) -> Iterator[Finding]:
    """Check the layers of all jobs."""
    for job in deployment.jobs.values():
        if not job.level:
            yield from _untagged(job)
        elif job.level == "atomic":
            yield from _atomic(job)
        else:
            yield from _above(job)
        yield from _downwards(job, deployment)


def _untagged(job: Job) -> Iterator[Finding]:
    tag = job.value.at("tags", "job_level")
    if tag.unresolved or job.value.at("tags").unresolved:
        return
    runs, starts = _what(job)
    likely = "atomic" if runs or not starts else "composite or orchestrator"
    said = f"has the tag job_level {tag.text}" if tag.text else "has no tag job_level"
    fix = f"tag it job_level: {likely}, by what it does now"
    yield finding(
        Rule.JOB_LEVEL,
        job,
        f"{said}; a layer is atomic, composite or orchestrator",
        place=tag.place if tag.text else None,
        fix=fix,
    )


def _what(job: Job) -> tuple[bool, bool]:
    """Whether it runs something itself, and whether it starts jobs."""
    return any(t.runs for t in job.tasks), any(t.kind == "run_job_task" for t in job.tasks)


def _atomic(job: Job) -> Iterator[Finding]:
    runs, _ = _what(job)
    for task in job.tasks:
        if task.kind == "run_job_task" and runs:
            yield finding(Rule.NOT_ATOMIC, job, "starts a job, in an atomic job", task=task)
    if not runs and _what(job)[1]:
        message = "is tagged atomic, but only starts jobs"
        place = job.value.at("tags", "job_level").place
        yield finding(Rule.NOT_ATOMIC, job, message, place=place, fix="tag it composite")


def _above(job: Job) -> Iterator[Finding]:
    article = "an" if job.level == "orchestrator" else "a"
    name = f"{article} {job.level}{' job' if job.level == 'composite' else ''}"
    for task in job.tasks:
        if task.runs:
            message = f"is a {task.kind}, in {name}, which starts jobs only"
            yield finding(Rule.RUNS_ABOVE_ATOMIC, job, message, task=task)


def _downwards(job: Job, deployment: Deployment) -> Iterator[Finding]:
    if job.level not in LEVELS[1:]:
        return
    for task in job.tasks:
        other = deployment.jobs.get(task.job_name or "")
        if other and other.level and LEVELS.index(other.level) >= LEVELS.index(job.level):
            message = f"starts {other.key}, which is tagged {other.level}, from a job tagged so too"
            if other.level != job.level:
                message = f"starts {other.key}, tagged {other.level}, from a {job.level} job"
            place = task.body.at("job_id").place
            yield finding(Rule.NOT_DOWNWARDS, job, message, task=task, place=place)
