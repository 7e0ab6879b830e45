"""Bundles of a few jobs, for the examples."""

from __future__ import annotations

from typing import Any

from bundles import definition, job, notebook, start, task, wheel
from dbt_runner.bundle.rules import Rule

Files = dict[str, Any]


def jobs(settings: dict[str, Any] | None = None, /, **named: dict[str, Any]) -> Files:
    """A bundle of these jobs, with further settings of the bundle."""
    return {"databricks.yml": definition(named, **(settings or {}))}


def code(*lines: str, **settings: Any) -> Files:
    """A bundle of one job with this notebook; `parameters` are the job's, the others the task's."""
    declared = [{"name": name, "default": ""} for name in settings.pop("parameters", [])]
    one = job(notebook(**settings), parameters=declared or None)
    return {
        "note.py": "\n".join(["# Databricks notebook source", *lines, ""]),
        **jobs(one=one),
    }


def runner(entry_point: str = "run", **settings: Any) -> Files:
    """A bundle of one job with a wheel task of dbt_runner, beside the project that it runs."""
    policy = (
        "deployment: {target: [prod, old], catalog: [prod], artifacts: ['/Volumes/*']}\n"
        "targets: {prod: {type: databricks, catalog: prod, schema: gold, schemas: [gold*]}}\n"
        "vars: {}\n"
    )
    one = job(
        wheel(package_name="dbt_runner", entry_point=entry_point, **settings),
        parameters=[{"name": "run_type", "default": "full"}],
    )
    return {"dbt_project/runner.yml": policy, **jobs(one=one)}


def in_target(name: str, settings: dict[str, Any], **named: dict[str, Any]) -> Files:
    """A bundle of these jobs with one target."""
    return jobs({"targets": {name: settings}}, **named)


def production(*tasks: dict[str, Any], **settings: Any) -> Files:
    """One job in a production target."""
    return in_target("prod", {"mode": "production"}, one=job(*tasks, **settings))


ONE = job(task())
STEADY = {"timeout_seconds": 60, "max_retries": 0}
SCHEDULE = {"quartz_cron_expression": "0 0 2 * * ?", "timezone_id": "Etc/UTC"}
READ = 'day = dbutils.widgets.get("day"); print(day)'
TOKEN = "dapi" + "0123456789abcdef" * 2


def two(*tasks: dict[str, Any], **settings: Any) -> Files:
    """An orchestrator of these tasks over the atomic jobs `one` and `other`."""
    return jobs(one=ONE, other=ONE, top=job(*tasks, level="orchestrator", **settings))


def after(key: str, *names: str, **settings: Any) -> dict[str, Any]:
    """A task that waits for others."""
    return task(key, depends_on=[{"task_key": name} for name in names], **settings)


def chain(*levels: str) -> Files:
    """Jobs of these layers, each starting the next."""
    named = {
        f"job{i}": job(start(f"job{i + 1}"), level=level) for i, level in enumerate(levels[:-1])
    }
    return jobs(**named, **{f"job{len(levels) - 1}": job(task(), level=levels[-1])})


Examples = list[tuple[Rule, str, Files]]
