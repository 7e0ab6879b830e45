"""Wheel tasks that run dbt_runner itself, against its settings and the project's runner.yml."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dbt_runner.bundle.deployment import Deployment
from dbt_runner.bundle.dynamic_reference import hands_on
from dbt_runner.bundle.findings import Finding, finding
from dbt_runner.bundle.job import Job, Task
from dbt_runner.bundle.nearest import nearest
from dbt_runner.bundle.rules import Rule
from dbt_runner.bundle.value import Place, Value

if TYPE_CHECKING:
    from dbt_runner.bundle.run_settings import Refusal, RunSettings

_STARTERS_CHOICE = re.compile(r"\{\{\s*(job\.parameters|input|tasks)\b")


def check(deployment: Deployment) -> Iterator[Finding]:
    """Check each wheel task of the package dbt_runner."""
    ours = [(job, task) for job in deployment.jobs.values() for task in job.tasks if _ours(task)]
    if not ours:
        return
    from dbt_runner.bundle.run_settings import RunSettings  # pydantic takes a while to import

    settings = RunSettings(deployment.folder)
    for job in deployment.jobs.values():
        yield from _keys(job)
    for job, task in ours:
        yield from _settings(job, task, settings)
        if _entry_point(task) == "shell":
            yield from _script(job, task)


def _ours(task: Task) -> bool:
    package = task.body.at("package_name").text.replace("-", "_").lower()
    known = _entry_point(task) in {"run", "shell"}
    return task.kind == "python_wheel_task" and package == "dbt_runner" and known


def _unresolved(task: Task) -> bool:
    """Whether the files do not say all that the task is given."""
    blocks = (task.parameters, task.body.at("parameters"))
    words = [word.text for block in blocks for word in block.elements()]
    return any("${" in block.text for block in blocks) or any(w.startswith("${") for w in words)


def _entry_point(task: Task) -> str:
    return task.body.at("entry_point").text


def _settings(job: Job, task: Task, settings: RunSettings) -> Iterator[Finding]:
    from dbt_runner.bundle.run_settings import NAMES

    known = {*NAMES, "script"} if _entry_point(task) == "shell" else set(NAMES)
    literals: dict[str, str | None] = {}
    places: dict[str, Place] = {}
    for given, value in _given(task):
        name = given.replace("-", "_")
        if name not in known:
            message = f"gives {given}, which is no setting of dbt-runner"
            fix = nearest(name, known)
            yield finding(Rule.UNKNOWN_SETTING, job, message, task=task, place=value.place, fix=fix)
            continue
        judged = _default_of(job, value)
        if name == "script" or not judged.text:
            continue
        is_known = not any(mark in judged.text for mark in ("{{", "${"))
        literals[name], places[name] = judged.text if is_known else None, judged.place
        if is_known:
            yield from _refused(job, task, settings.refusal(name, judged.text), judged.place)
    if _unresolved(task):
        return  # what is not known may say where
    place = places.get("target_schema", task.body.place)
    yield from _refused(job, task, settings.place_refusal(literals), place)


def _keys(job: Job) -> Iterator[Finding]:
    """A key that is the same text each time links runs that have nothing to do with each other."""
    for task in job.tasks:
        handed_on = list(task.body.at("job_parameters").entries())
        for name, value in [*handed_on, *(_given(task) if _ours(task) else ())]:
            judged = _default_of(job, value)
            varies = any(mark in judged.text for mark in ("{{", "${"))
            if name.replace("-", "_") == "resume_key" and judged.text and not varies:
                message = f"gives the resume_key {judged.text} each time"
                place = judged.place
                yield finding(Rule.SAME_RESUME_KEY, job, message, task=task, place=place)


def _refused(job: Job, task: Task, refusal: Refusal | None, place: Place) -> Iterator[Finding]:
    if refusal:
        message = f"gives a setting that is refused: {refusal.reason}"
        yield finding(refusal.rule, job, message, task=task, place=place, fix=refusal.fix)


def _given(task: Task) -> Iterator[tuple[str, Value]]:
    """The settings of a task, from named parameters and from words like `--name=value`."""
    yield from task.body.at("named_parameters").entries()
    words = list(task.body.at("parameters").elements())
    for word, following in zip(words, [*words[1:], None], strict=False):
        name, equals, text = word.text.partition("=")
        if not name.startswith("--"):
            continue
        if not equals and following and not following.text.startswith("--"):
            text = following.text
        yield name.removeprefix("--"), Value(text, word.place)


def _default_of(job: Job, value: Value) -> Value:
    """What a reference to a parameter of the job stands for, where its starter gives nothing."""
    name = hands_on(value.text)
    return job.parameters[name].at("default") if name in job.parameters else value


def _script(job: Job, task: Task) -> Iterator[Finding]:
    """The script is fixed by the definition: job parameters are pushed into named parameters."""
    named = task.body.at("named_parameters", "script")
    scripts = [value for name, value in _given(task) if name == "script"]
    if named.data is not None:
        message = "names its script in named_parameters, which a job parameter can override"
        yield finding(Rule.SCRIPT, job, message, task=task, place=named.place)
    elif not any(value.text for value in scripts) and not _unresolved(task):
        yield finding(Rule.SCRIPT, job, "names no script", task=task)
    for value in scripts:
        if named.data is None and _STARTERS_CHOICE.search(value.text):
            message = "lets whoever starts the job choose the script"
            yield finding(Rule.SCRIPT, job, message, task=task, place=value.place)
