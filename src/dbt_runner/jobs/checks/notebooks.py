"""Notebooks: each in one place, and its code fit for a job."""

from __future__ import annotations

import os.path
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dbt_runner.jobs import notebook, notebook_code, notebook_files
from dbt_runner.jobs.bundle import Deployment
from dbt_runner.jobs.findings import Finding, finding
from dbt_runner.jobs.job import Job, Task
from dbt_runner.jobs.notebook import Cell
from dbt_runner.jobs.notebook_code import Code
from dbt_runner.jobs.notebook_files import NotebookFile
from dbt_runner.jobs.rules import Rule
from dbt_runner.jobs.value import Place


@dataclass(frozen=True)
class Content:
    """A notebook's file, read."""

    file: Path
    cells: list[Cell]
    text: str
    numbers: list[int]
    code: Code | None

    def place(self, line: int) -> Place:
        """The place of a line of the joined Python."""
        return Place(str(self.file), None if self.file.suffix == ".ipynb" else line)

    def where(self, line: int) -> str:
        """What a message has to add to the place: the cell, where there are no lines."""
        if self.file.suffix != ".ipynb":
            return ""
        return f" in cell {self.numbers[line - 1]}"


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
        elif content := read(found.file):
            yield from _cells(job, task, content, identities)
            yield from _code(job, task, content)


@cache
def read(file: Path) -> Content | None:
    """Read a notebook; None where it cannot be read as one."""
    cells = notebook.read(file)
    if cells is None:
        return None
    text, numbers = notebook_code.join(cells)
    has_python = any(cell.language == "python" and cell.text.strip() for cell in cells)
    return Content(file, cells, text, numbers, notebook_code.read(text) if has_python else None)


def sources(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """Name and text of each notebook's source file, for the ignores in it."""
    for job in deployment.jobs.values():
        for task in job.tasks:
            found = notebook_files.of(job, task, deployment)
            if found and found.file and found.file.suffix in notebook.COMMENT:
                yield str(found.file), found.file.read_text(encoding="utf-8", errors="replace")


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


def _code(job: Job, task: Task, content: Content) -> Iterator[Finding]:
    code = content.code
    if code is None:
        return

    def at(rule: Rule, line: int, message: str) -> Finding:
        said = f"{message}{content.where(line)}"
        return finding(rule, job, said, task=task, place=content.place(line))

    if code.argparse:
        yield at(Rule.ARGPARSE, code.argparse, "is a notebook that imports argparse")
    for line in code.exits:
        yield at(Rule.EXIT_IN_EXCEPT, line, "ends a failure as a success: exit in an except clause")
    for line in code.nested:
        yield at(Rule.NESTED_NOTEBOOK, line, "runs another notebook with dbutils.notebook.run")
    if code.read and not code.shows_parameters:
        line = min(code.read.values())
        yield at(Rule.NOT_LOGGED, line, "prints or logs none of its parameters")
    yield from _parameters(job, task, content, code, at)


def _parameters(
    job: Job,
    task: Task,
    content: Content,
    code: Code,
    at: Callable[[Rule, int, str], Finding],
) -> Iterator[Finding]:
    """Compare base_parameters and the job's parameters, which are pushed in, with the widgets."""
    given = {name for name, _ in task.parameters.entries()}
    takes_in_others = any(cell.language == "run" for cell in content.cells)
    if not code.reads_any and not takes_in_others:
        everything = "\n".join(cell.text for cell in content.cells)
        for name, value in task.parameters.entries():
            if name not in code.read and name not in everything:
                message = f"is given {name}, which its notebook does not read"
                yield finding(Rule.UNREAD_PARAMETER, job, message, task=task, place=value.place)
    for name, line in sorted(code.read.items(), key=lambda item: (item[1], item[0])):
        if name in given or name in job.parameters:
            continue
        if name in code.made:
            yield at(Rule.WIDGET_NOT_GIVEN, line, f"gives the widget {name} no value")
        elif not code.reads_any and not takes_in_others:
            yield at(Rule.WIDGET_NOT_MADE, line, f"reads the widget {name}, which nothing makes")
