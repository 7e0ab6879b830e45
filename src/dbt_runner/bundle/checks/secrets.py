"""Secrets that stand in a definition; found by name or by form, and never shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from dbt_runner.bundle.deployment import Deployment
from dbt_runner.bundle.findings import Finding, finding
from dbt_runner.bundle.job import Job, Task
from dbt_runner.bundle.rules import Rule
from dbt_runner.bundle.value import Value
from dbt_runner.redaction import holds_secret
from dbt_runner.secret_names import is_switch, names_secret_exactly

_WORD = re.compile(r"--([\w.-]+)(?:=(.*))?", re.DOTALL)


def check(deployment: Deployment) -> Iterator[Finding]:
    """Check every text of a job for its form, and what tasks and clusters are given by its name."""
    for job in deployment.jobs.values():
        yield from _by_form(job, None, job.value, job.value.at("tasks"))
        for name, definition in job.parameters.items():
            yield from _by_name(job, None, [(name, definition.at("default"))])
        for cluster in job.value.at("job_clusters").elements():
            yield from _cluster(job, None, cluster.at("new_cluster"))
        for variables in job.value.at("environment_variables").elements():
            yield from _by_name(job, None, variables.at("spec", "variables").entries())
        for task in job.tasks:
            yield from _by_form(job, task, task.value, task.value.at("for_each_task", "task"))
            yield from _by_name(job, task, task.parameters.entries())
            yield from _by_name(job, task, _words(task))
            yield from _cluster(job, task, task.value.at("new_cluster"))


def _by_form(job: Job, task: Task | None, value: Value, without: Value) -> Iterator[Finding]:
    for name, text in _texts("", value, without):
        if holds_secret(text.data):
            message = f"has in {name} what has the form of a token or a password (not shown)"
            yield finding(Rule.SECRET, job, message, task=task, place=text.place)


def _texts(name: str, value: Value, without: Value) -> Iterator[tuple[str, Value]]:
    """Every text below, with the key that it stands under."""
    if isinstance(value.data, str):
        yield name, value
    for key, item in value.entries():
        if item is not without:
            yield from _texts(key, item, without)
    for item in value.elements():
        yield from _texts(name, item, without)


def _cluster(job: Job, task: Task | None, cluster: Value) -> Iterator[Finding]:
    for key in ("spark_env_vars", "spark_conf"):
        yield from _by_name(job, task, cluster.at(key).entries())


def _words(task: Task) -> Iterator[tuple[str, Value]]:
    """Name and value of `--name=value` and `--name value`, where they have no form of a secret."""
    name = ""
    for word in task.body.at("parameters").elements():
        found = _WORD.fullmatch(word.text)
        if found and found[2] is not None and not holds_secret(word.text):
            _, equals, rest = word.source.partition("=")
            yield found[1], Value(found[2], word.place, rest if equals else word.source)
        elif not found and name:
            yield name, word
        name = found[1] if found and found[2] is None else ""


def _by_name(job: Job, task: Task | None, items: Iterable[tuple[str, Value]]) -> Iterator[Finding]:
    given = list(items)
    has_scope = any("scope" in name.lower() for name, _ in given)
    for name, value in given:
        in_scope = has_scope and name.lower().endswith("key")
        if names_secret_exactly(name) and not in_scope and _is_literal(value):
            message = f"gives {name} a value that stands there for all to read (not shown)"
            yield finding(Rule.SECRET, job, message, task=task, place=value.place)


def _is_literal(value: Value) -> bool:
    """Whether it is a text of its own, rather than a reference or a plain switch."""
    text = value.data
    if not isinstance(text, str) or not text or holds_secret(text):
        return False
    if "{{" in value.source or "${" in value.source:
        return False
    return not is_switch(text)
