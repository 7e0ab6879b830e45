"""Notebooks: each in one place and there, its cells fit for a job."""

from __future__ import annotations

import os.path
import re
from collections.abc import Iterator

from dbt_runner.bundle import notebook, notebook_content, notebook_files
from dbt_runner.bundle.checks import notebook_python
from dbt_runner.bundle.deployment import Deployment
from dbt_runner.bundle.findings import Finding, finding
from dbt_runner.bundle.job import Job, Task
from dbt_runner.bundle.notebook_content import Content
from dbt_runner.bundle.notebook_files import NotebookFile
from dbt_runner.bundle.rules import Rule
from dbt_runner.bundle.value import Place


def check(deployment: Deployment) -> Iterator[Finding]:
    """Check the notebooks of all notebook tasks."""
    uses: dict[str, tuple[Job, Task]] = {}
    known = [
        (job, task, found)
        for job in deployment.jobs.values()
        for task in job.tasks
        if task.kind == "notebook_task" and (found := notebook_files.of(job, task, deployment))
    ]
    identities = {found.identity: job.key for job, _, found in known}
    for job, task, found in known:
        first = uses.setdefault(found.identity, (job, task))
        if first != (job, task):
            yield _twice(job, task, first)
            continue  # what is in it was said where it is used first
        if found.file is None:
            yield from _missing(job, task, found)
        elif content := notebook_content.read(found.file):
            yield from _cells(job, task, content, identities)
            yield from notebook_python.check(job, task, content)


def sources(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """Name and text of each notebook's source file, for the ignores in it."""
    for job in deployment.jobs.values():
        for task in job.tasks:
            found = notebook_files.of(job, task, deployment)
            content = notebook_content.read(found.file) if found and found.file else None
            if content and content.file.suffix in notebook.COMMENT:
                yield str(content.file), content.file.read_text(encoding="utf-8-sig")


def _twice(job: Job, task: Task, first: tuple[Job, Task]) -> Finding:
    path = task.body.at("notebook_path")
    message = f"uses {path.text}, which is the notebook of {first[0].key}.{first[1].key} too"
    return finding(Rule.NOTEBOOK_TWICE, job, message, task=task, place=path.place)


def _missing(job: Job, task: Task, found: NotebookFile) -> Iterator[Finding]:
    if found.expected:
        path = task.body.at("notebook_path")
        near = [found.expected.with_name(found.expected.name + e) for e in notebook.EXTENSIONS]
        there = next((file.name for file in near if file.is_file()), "")
        fix = f"write the extension: {there}" if there else ""
        message = f"names the notebook {path.text}, which is not there"
        yield finding(Rule.NO_NOTEBOOK, job, message, task=task, place=path.place, fix=fix)


def _cells(job: Job, task: Task, content: Content, identities: dict[str, str]) -> Iterator[Finding]:
    for cell in content.cells:
        place = Place(str(content.file), cell.line)
        where = "" if cell.line else f" in cell {cell.number}"
        if cell.language == "sh" and not _stops(cell.argument):
            message = f"has %sh without -e{where}, so that a failing command goes unseen"
            yield finding(Rule.SHELL_HIDES_FAILURE, job, message, task=task, place=place)
        if cell.language == "run":
            named = content.file.parent / cell.argument.strip("\"'").split(" ")[0]
            path = os.path.abspath(named)  # noqa: PTH100 - links stay as they are named
            owner = identities.get(notebook_files.without_extension(path))
            if owner:
                message = f"takes in {cell.argument} with %run{where}, the notebook of {owner}"
                yield finding(Rule.RUNS_A_JOBS_NOTEBOOK, job, message, task=task, place=place)


def _stops(argument: str) -> bool:
    """Whether the options behind %sh hold `-e`, alone or among others."""
    words = argument.split()
    return "errexit" in words or any(re.fullmatch(r"-[a-z]*e[a-z]*", word) for word in words)
