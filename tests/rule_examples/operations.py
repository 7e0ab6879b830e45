"""Examples for the rules about tags, schedules, and what production needs."""

from __future__ import annotations

from bundles import TAGS, job, start, task
from dbt_runner.bundle.rules import Rule
from rule_examples.small import (
    ONE,
    SCHEDULE,
    STEADY,
    Examples,
    after,
    in_target,
    jobs,
    production,
)

PAUSED = {"pause_status": "PAUSED"}

BROKEN: Examples = [
    *(
        (Rule.CONTINUOUS, name, jobs(one=job(*tasks, continuous=PAUSED)))
        for name, tasks in (
            ("dependency", [task("a"), after("b", "a")]),
            ("retries", [task(max_retries=2)]),
            ("retries-for-ever", [task(max_retries=-1)]),
        )
    ),
    (
        Rule.TAGS,
        "one-missing",
        jobs(one=job(task(), tags={**TAGS, "layer": "", "job_level": "atomic"})),
    ),
    (
        Rule.ENVIRONMENT_TAG,
        "another-target",
        jobs(one=job(task(), tags={**TAGS, "environment": "dev", "job_level": "atomic"})),
    ),
    *(
        (
            Rule.UNPAUSED,
            f"{kind}-{name}",
            in_target(name, settings, one=job(task(), **{kind: start})),
        )
        for name, settings in (("dev", {}), ("me", {"mode": "development"}))
        for kind, start in (
            ("schedule", {**SCHEDULE, "pause_status": "UNPAUSED"}),
            ("trigger", {"file_arrival": {"url": "/Volumes/a"}, "pause_status": "UNPAUSED"}),
            ("continuous", {"pause_status": "UNPAUSED"}),
        )
    ),
    (Rule.UNPAUSED, "by-default", in_target("dev", {}, one=job(task(), schedule=SCHEDULE))),
    (
        Rule.NO_TIME_ZONE,
        "missing",
        jobs(one=job(task(), schedule={"quartz_cron_expression": "0 0 2 * * ?"})),
    ),
    (
        Rule.TWO_STARTS,
        "schedule-and-continuous",
        jobs(one=job(task(), schedule=SCHEDULE, continuous={"pause_status": "PAUSED"})),
    ),
    (Rule.NO_TIMEOUT, "nowhere", production(task(max_retries=0))),
    (Rule.NO_TIMEOUT, "nought-is-none", production(task(max_retries=0), timeout_seconds=0)),
    (Rule.NO_RETRIES, "nothing-said", production(task(timeout_seconds=60))),
    (Rule.NO_RETRIES, "at-once", production(task(timeout_seconds=60, max_retries=2))),
    (Rule.NOBODY_TOLD, "schedule", production(task(**STEADY), schedule=SCHEDULE)),
    (
        Rule.NOBODY_TOLD,
        "orchestrator",
        in_target(
            "prod",
            {"mode": "production"},
            one=job(task(**STEADY)),
            top=job(start("one"), level="orchestrator"),
        ),
    ),
    (
        Rule.NOBODY_TOLD,
        "empty-list",
        production(task(**STEADY), schedule=SCHEDULE, email_notifications={"on_failure": []}),
    ),
]

KEPT: Examples = [
    (
        Rule.CONTINUOUS,
        "tasks-side-by-side",
        jobs(
            one=job(
                task("a", max_retries=0),
                task("b", max_retries="${var.retries}", depends_on="${var.order}"),
                continuous={**PAUSED, "task_retry_mode": "ON_FAILURE"},
            )
        ),
    ),
    (
        Rule.CONTINUOUS,
        "scheduled",
        jobs(one=job(task("a", max_retries=2), after("b", "a"), schedule=SCHEDULE)),
    ),
    (
        Rule.TAGS,
        "from-presets",
        jobs(
            {"presets": {"tags": {"project": "shop", "layer": "gold"}}},
            one=job(
                task(),
                tags={
                    "job_level": "atomic",
                    "environment": "${bundle.target}",
                    "compute_type": "sql",
                    "job_type": "pipeline",
                },
            ),
        ),
    ),
    (
        Rule.ENVIRONMENT_TAG,
        "by-variable",
        jobs(
            {
                "variables": {"env": {"default": "dev"}},
                "targets": {"staging": {"variables": {"env": "staging"}}},
            },
            one=job(task(), tags={**TAGS, "environment": "${var.env}", "job_level": "atomic"}),
        ),
    ),
    (
        Rule.UNPAUSED,
        "the-cli-pauses",
        in_target("dev", {"mode": "development"}, one=job(task(), schedule=SCHEDULE)),
    ),
    (
        Rule.UNPAUSED,
        "preset",
        in_target(
            "dev",
            {"presets": {"trigger_pause_status": "PAUSED"}},
            one=job(task(), schedule=SCHEDULE),
        ),
    ),
    (Rule.UNPAUSED, "no-development", in_target("prod", {}, one=job(task(), schedule=SCHEDULE))),
    (Rule.UNPAUSED, "unresolved", in_target("dev", {}, one=job(task(), schedule="${var.when}"))),
    (Rule.TAGS, "unresolved", jobs({"presets": {"tags": "${var.tags}"}}, one=job(task(), tags={}))),
    (Rule.NO_TIME_ZONE, "given", jobs(one=job(task(), schedule=SCHEDULE))),
    (Rule.TWO_STARTS, "one", jobs(one=job(task(), schedule=SCHEDULE))),
    (Rule.NO_TIMEOUT, "of-the-job", production(task(max_retries=0), timeout_seconds=60)),
    (Rule.NO_TIMEOUT, "no-production", jobs(one=ONE)),
    (
        Rule.NO_RETRIES,
        "with-a-pause",
        production(task(timeout_seconds=60, max_retries=2, min_retry_interval_millis=1000)),
    ),
    (
        Rule.NO_RETRIES,
        "continuous",
        production(
            task(timeout_seconds=60),
            continuous={"pause_status": "PAUSED"},
            email_notifications={"on_failure": ["a@b.c"]},
        ),
    ),
    (
        Rule.NOBODY_TOLD,
        "by-webhook",
        production(
            task(**STEADY), schedule=SCHEDULE, webhook_notifications={"on_failure": [{"id": "1"}]}
        ),
    ),
    (Rule.NOBODY_TOLD, "started-by-others", production(task(**STEADY))),
]
