"""Secrets that stand in a definition; found by name or by form, and never shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from dbt_runner.bundle.deployment import Deployment
from dbt_runner.bundle.findings import Finding, finding
from dbt_runner.bundle.job import Job, Task
from dbt_runner.bundle.rules import Rule
from dbt_runner.bundle.value import Value
from dbt_runner.redaction import names_secret, redacted

_CLOUD_KEY = re.compile(r"account\.key|(access|account|shared)[._-]?key$", re.IGNORECASE)
# Names that speak of a secret without being one: where it is kept, how long it lives, a model's
# tokens.
_ABOUT_ONE = re.compile(
    r"(scope|name|path|file|folder|url|uri|endpoint|type|mode|kind|ttl|seconds|minutes|hours|days"
    r"|date|enabled|required|limit|count|size|column|columns|table|id|ids|ref|reference|version"
    r"|tokens|(storage|service)_?credential|expiry|expiration|rotation|provider|manager|vault|tokeni[sz]er)$",
    re.IGNORECASE,
)
_WORD = re.compile(r"--([\w.-]+)(?:=(.*))?", re.DOTALL)


def check(deployment: Deployment) -> Iterator[Finding]:
    """Check what tasks and clusters are given."""
    for job in deployment.jobs.values():
        for name, definition in job.parameters.items():
            yield from _named(job, None, [(name, definition.at("default"))])
        for cluster in job.value.at("job_clusters").elements():
            yield from _cluster(job, None, cluster.at("new_cluster"))
        for variables in job.value.at("environment_variables").elements():
            yield from _named(job, None, variables.at("spec", "variables").entries())
        for task in job.tasks:
            yield from _named(job, task, task.parameters.entries())
            yield from _named(job, task, _words(task))
            yield from _cluster(job, task, task.value.at("new_cluster"))


def _cluster(job: Job, task: Task | None, cluster: Value) -> Iterator[Finding]:
    for key in ("spark_env_vars", "spark_conf"):
        yield from _named(job, task, cluster.at(key).entries())


def _words(task: Task) -> Iterator[tuple[str, Value]]:
    """Name and value of `--name=value` and `--name value`, and words without a name."""
    name = ""
    for word in task.body.at("parameters").elements():
        found = _WORD.fullmatch(word.text)
        if found and found[2] is not None:
            _, equals, rest = word.source.partition("=")
            yield found[1], Value(found[2], word.place, rest if equals else word.source)
            name = ""
        elif found:
            name = found[1]
        else:
            yield name, word
            name = ""


def _named(job: Job, task: Task | None, items: Iterable[tuple[str, Value]]) -> Iterator[Finding]:
    given = list(items)
    names = {name for name, _ in given}
    has_scope = any("scope" in name.lower() for name in names)
    for name, value in given:
        if not isinstance(value.data, str) or not value.data:
            continue
        by_form = redacted(value.data) != value.data
        in_scope = has_scope and name.lower().endswith("key")
        if by_form or (_secret_name(name) and not in_scope and _is_literal(value)):
            what = f"gives {name} a value" if name else "is given a word"
            why = "has the form of a token" if by_form else "stands there for all to read"
            message = f"{what} that {why} (not shown)"
            yield finding(Rule.SECRET, job, message, task=task, place=value.place)


def _secret_name(name: str) -> bool:
    return bool(names_secret(name) or _CLOUD_KEY.search(name)) and not _ABOUT_ONE.search(name)


def _is_literal(value: Value) -> bool:
    """Whether it is a text of its own, rather than a reference or a plain switch."""
    if "{{" in value.source or "${" in value.source:
        return False
    return value.text.lower() not in {"true", "false", "none", "null"} and not value.text.isdigit()
