"""The Python of a notebook: fit for a job, and in step with the parameters it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dbt_runner.bundle.findings import Finding, finding
from dbt_runner.bundle.job import Job, Task
from dbt_runner.bundle.notebook_code import Code
from dbt_runner.bundle.notebook_content import Content
from dbt_runner.bundle.rules import Rule


def check(job: Job, task: Task, content: Content) -> Iterator[Finding]:
    """Check the Python of the notebook of a task."""
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
    if task.parameters.unresolved or not job.parameters_known:
        return  # nobody knows all that the notebook is given
    for name, line in sorted(code.read.items(), key=lambda item: (item[1], item[0])):
        if name in given or name in job.parameters:
            continue
        if name in code.made:
            yield at(Rule.WIDGET_NOT_GIVEN, line, f"gives the widget {name} no value")
        elif not code.reads_any and not takes_in_others:
            yield at(Rule.WIDGET_NOT_MADE, line, f"reads the widget {name}, which nothing makes")
