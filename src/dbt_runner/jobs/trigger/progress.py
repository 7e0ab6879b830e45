"""What is told while a job run goes on: events, each once."""

from __future__ import annotations

from typing import Any, Protocol

from dbt_runner.jobs.trigger.job_run import JobRun, TaskRun


class Tell(Protocol):
    """Is told an event by its name, with its facts."""

    def __call__(self, event: str, **facts: Any) -> None:
        """Take note of it."""


def silent(event: str, **facts: Any) -> None:
    """Tell nobody."""


class Progress:
    """Tells what is new in a job run since it was last seen."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._url: str | None = None
        self._doing = ""
        self._tasks: dict[tuple[str, int | None], str] = {}

    def seen(self, run: JobRun) -> None:
        """Tell of the run and of each task whose state has changed."""
        if run.url and run.url != self._url:
            self._url = run.url
            self._tell("job_run.found", job_run_id=run.run_id, name=run.name, url=run.url)
        doing = run.outcome.name if run.outcome else run.doing
        if doing != self._doing:
            self._doing = doing
            if not run.outcome:
                self._tell("job_run.state", job_run_id=run.run_id, state=doing)
        for task in run.tasks:
            self._task(task)

    def _task(self, task: TaskRun) -> None:
        doing = task.outcome.name if task.outcome else task.doing
        # a retry or a repair has an id of its own
        place = (task.key, task.run_id)
        if self._tasks.get(place) == doing:
            return
        self._tasks[place] = doing
        facts = {"task_key": task.key, "url": task.url}
        if task.outcome:
            self._tell("task_run.finished", **facts, result=doing, seconds=task.seconds)
        else:
            self._tell("task_run.state", **facts, state=doing)
