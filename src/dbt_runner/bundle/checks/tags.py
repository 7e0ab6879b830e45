"""The tags that a job is found and billed by."""

from __future__ import annotations

from collections.abc import Iterator

from dbt_runner.bundle.deployment import Deployment
from dbt_runner.bundle.findings import Finding, finding
from dbt_runner.bundle.rules import Rule

EXPECTED = ("layer", "environment", "project", "compute_type", "job_type")


def check(deployment: Deployment) -> Iterator[Finding]:
    """Check the tags of all jobs, those of the target's presets included."""
    presets = deployment.presets.at("tags")
    for job in deployment.jobs.values():
        tags = job.value.at("tags")
        if tags.unresolved or presets.unresolved:
            continue  # a variable of which the files say no value
        missing = [name for name in EXPECTED if not (tags.at(name).text or presets.at(name).text)]
        if missing:
            message = f"has no tag {', '.join(missing)}"
            yield finding(Rule.TAGS, job, message, place=tags.place)
        if "environment" in missing or not deployment.named_targets:
            continue
        tag = tags.at("environment") if tags.at("environment").text else presets.at("environment")
        if tag.text != deployment.target and "${" not in tag.text:
            message = f"is tagged environment: {tag.text} in the target {deployment.target}"
            yield finding(Rule.ENVIRONMENT_TAG, job, message, place=tag.place)
