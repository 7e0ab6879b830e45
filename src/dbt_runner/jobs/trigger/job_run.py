"""A job run and its task runs, as far as they are known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dbt_runner.errors import (
    Cancelled,
    JobRunFailed,
    LostContact,
    NotRun,
    RunnerError,
    TimedOut,
    TransientError,
)
from dbt_runner.jobs.trigger import outcome as outcomes
from dbt_runner.jobs.trigger.outcome import STILL_GOING, Outcome

if TYPE_CHECKING:
    from databricks.sdk.service.jobs import Run, RunTask

GONE = "it is gone"
"""How `left` begins where Databricks knows the run no more."""

_ERRORS = {
    error.exit_code: error
    for error in (JobRunFailed, TransientError, LostContact, NotRun, TimedOut)
}


@dataclass(frozen=True)
class TaskRun:
    """The last attempt of one task.

    Attributes:
        key: the task's, below those of the tasks that started its job: `refresh/build`.
        outcome: `None` while it goes on.
        doing: what it is doing, in the API's word.
        seconds: how long it took.
        error: why it failed.
        summary: what the runner in it said about its own run (its `run.finished`).
    """

    key: str
    run_id: int | None
    url: str | None
    outcome: Outcome | None
    doing: str
    seconds: float | None
    error: str | None = None
    summary: dict[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "task_key": self.key,
            "task_run_id": self.run_id,
            "url": self.url,
            "result": self.outcome.name if self.outcome else None,
            "state": self.doing,
            "seconds": self.seconds,
            "error": self.error,
            "summary": self.summary,
        }


@dataclass(frozen=True)
class JobRun:
    """A job run as it was last seen.

    Attributes:
        idempotency_token: what it was started with; `None` if that is not known.
        outcome: how it ended; `None` if it goes on, or nobody knows.
        doing: what it was doing, in the API's word.
        left: why it was left, if it was before its end.
        tasks: the last attempt of each task, also of jobs that were started by tasks.
    """

    run_id: int
    job_id: int | None = None
    name: str = ""
    url: str | None = None
    idempotency_token: str | None = None
    outcome: Outcome | None = None
    doing: str = outcomes.UNKNOWN
    left: str = ""
    seconds: float | None = None
    tasks: tuple[TaskRun, ...] = ()

    @property
    def exit_code(self) -> int:
        """What `dbt-runner trigger` returns after waiting for it; 0 for `SUCCESS` alone."""
        return self.outcome.exit_code if self.outcome else STILL_GOING

    @property
    def is_gone(self) -> bool:
        """Whether Databricks knows the run no more, so that nobody can tell its end."""
        return self.outcome is None and self.left.startswith(GONE)

    def sentence(self) -> str:
        """One line: the result, and what failed."""
        if self.is_gone:
            return f"job run {self.run_id}: {self.left}"
        if self.outcome is None:
            reason = f" ({self.left})" if self.left else ""
            return f"job run {self.run_id} may still be going{reason}"
        failed = "" if self.exit_code == 0 else ", ".join(self._failed())
        reason = failed or self.outcome.message
        return f"job run {self.run_id} ended {self.outcome.name}{f': {reason}' if reason else ''}"

    def _failed(self) -> Iterator[str]:
        """Keys of the tasks that explain an end; what was not to run explains none."""
        for task in self.tasks:
            end = task.outcome
            if end and end.exit_code and end.name not in outcomes.NOT_MEANT_TO_RUN:
                yield task.key

    def raise_unless_success(self) -> None:
        """For an orchestrator that knows failure as an exception.

        Raises:
            RunnerError: it has not ended with `SUCCESS`; `exit_code` is that of this.
        """
        if self.exit_code == 0:
            return
        if self.exit_code > 128:
            raise Cancelled(self.sentence(), self.exit_code)
        kind: type[RunnerError] = _ERRORS.get(self.exit_code, JobRunFailed)
        raise kind(self.sentence())

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "job_id": self.job_id,
            "job_run_id": self.run_id,
            "name": self.name,
            "url": self.url,
            "idempotency_token": self.idempotency_token,
            "result": self.outcome.name if self.outcome else None,
            "state": self.doing,
            # not that of the process, which may not have waited, or have cancelled it
            "run_exit_code": self.exit_code,
            "message": (self.outcome.message if self.outcome else self.left) or None,
            "seconds": self.seconds,
            "tasks": [task.as_dict() for task in self.tasks],
        }


def seen(run: Run, run_id: int) -> JobRun:
    """What the Jobs API says of a job run."""
    return JobRun(
        run_id,
        job_id=run.job_id,
        name=run.run_name or "",
        url=run.run_page_url,
        outcome=outcomes.of(run.state, run.status),
        doing=outcomes.going(run.state, run.status),
        seconds=_seconds(run),
        tasks=tuple(task_seen(task) for task in latest(run.tasks or ())),
    )


def task_seen(task: RunTask) -> TaskRun:
    """What it says of one of its tasks."""
    return TaskRun(
        task.task_key,
        task.run_id,
        task.run_page_url,
        outcomes.of(task.state, task.status),
        outcomes.going(task.state, task.status),
        _seconds(task),
    )


def latest(tasks: Iterable[RunTask]) -> list[RunTask]:
    """The last attempt of each task: retries and repairs are attempts too."""
    found: dict[str, RunTask] = {}
    for task in tasks:
        before = found.get(task.task_key)
        if before is None or _follows(task, before):
            found[task.task_key] = task
    return list(found.values())


def _follows(task: RunTask, before: RunTask) -> bool:
    """Whether it began later; a repair may count its attempts anew."""
    if task.start_time and before.start_time and task.start_time != before.start_time:
        return task.start_time > before.start_time
    return (task.attempt_number or 0) >= (before.attempt_number or 0)


def _seconds(run: Run | RunTask) -> float | None:
    """From start to end; zeros stand for times that are not known."""
    if not run.start_time or not run.end_time:
        return None
    return round((run.end_time - run.start_time) / 1000, 1)
