"""What starts a job by itself: schedule, trigger, or continuous."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbt_runner.bundle.deployment import Deployment
from dbt_runner.bundle.findings import Finding, finding
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
        for name in given if development else ():
            status = job.value.at(name, "pause_status")
            if (status.text or _default_status(deployment)) == "UNPAUSED":
                message = f"has a {name} that is on in the target {deployment.target}"
                yield finding(Rule.UNPAUSED, job, message, place=status.place)


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
