"""What the tasks of a run leave behind: the error of each that failed, the runner's own summary."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from dbt_runner.errors import RunnerError, TransientError
from dbt_runner.jobs.trigger import job_run
from dbt_runner.jobs.trigger.job_run import JobRun, TaskRun
from dbt_runner.jobs.trigger.outcome import EXIT_CODES, Outcome
from dbt_runner.jobs.trigger.wait import Wait

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.jobs import RunOutput, RunTask

    from dbt_runner.warehouse.rest_api import RestApi

T = TypeVar("T")

_MOST_OUTPUTS = 100
"""Of failed tasks; and as many of others, which only may hold a summary."""

LONGEST = 30
"""Seconds for all details of a run."""

_PATIENCE = 5
"""Seconds for one of them."""

_NEVER_RAN = frozenset({"UPSTREAM_FAILED", "UPSTREAM_CANCELED"})
_DEEPEST = 4
"""Jobs that start jobs; Databricks allows three levels (docs, "Run Job task")."""


def collect(api: RestApi, run: JobRun, *, within: float = LONGEST) -> JobRun:
    """The run with the details of its tasks, and with the tasks of jobs that its tasks started.

    What cannot be read, or not in time, is left out: the run has ended, and its result stands. So
    an interruption only ends the reading.

    Args:
        api: how the workspace is asked.
        run: one that has ended.
        within: seconds for all of it.
    """
    found: list[TaskRun] = []
    try:
        for task in _Collector(api, Wait(api.clock, within)).tasks(run.run_id, "", 0):
            found.append(task)  # noqa: PERF402 - what was read before an interruption counts
    except KeyboardInterrupt:
        keys = {task.key for task in found}
        found += [task for task in run.tasks if task.key not in keys]
    return replace(run, tasks=tuple(found) or run.tasks)


def summary_in(logs: str | None) -> dict[str, Any] | None:
    """The last `run.finished` of the runner in a task's output.

    Databricks keeps the last 5 MB of it (Jobs API, `RunOutput.logs`), and the summary is the last
    line that the runner writes.
    """
    for line in reversed((logs or "").splitlines()):
        if '"run.finished"' not in line:
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict) and found.get("event") == "run.finished":
            return found
    return None


class _Collector:
    def __init__(self, api: RestApi, wait: Wait) -> None:
        self._api = api
        self._wait = wait
        self._left = {True: _MOST_OUTPUTS, False: _MOST_OUTPUTS}

    def tasks(self, run_id: int, above: str, depth: int) -> Iterator[TaskRun]:
        """The tasks of a run, or the iterations of a task's run, each before those below it."""
        try:
            found = self._ask(lambda ws: ws.jobs.get_run(run_id))
        except RunnerError:
            return
        for task in [*job_run.latest(found.tasks or ()), *(found.iterations or ())]:
            # the iterations of a loop share one key
            yield from self._task(task, above, depth)

    def _task(self, task: RunTask, above: str, depth: int) -> Iterable[TaskRun]:
        seen = job_run.task_seen(task)
        seen = replace(seen, key=f"{above}{seen.key}")
        if seen.outcome is None or seen.run_id is None or not _ran(seen.outcome):
            yield seen
            return
        failed = seen.outcome.exit_code != 0
        output = self._output(seen.run_id, failed=failed)
        error = (output.error if output else None) or (seen.outcome.message if failed else None)
        summary = summary_in(output.logs) if output else None
        yield replace(seen, error=error or None, summary=summary)
        below = seen.run_id if task.for_each_task else _started(output)
        if below and depth < _DEEPEST:
            yield from self.tasks(below, f"{seen.key}/", depth + 1)

    def _output(self, task_run_id: int, *, failed: bool) -> RunOutput | None:
        self._left[failed] -= 1
        if self._left[failed] < 0:
            return None
        try:
            # of a task that succeeded, it only may hold a summary
            return self._ask(lambda ws: ws.jobs.get_run_output(task_run_id), again=failed)
        except RunnerError:
            return None

    def _ask(self, call: Callable[[WorkspaceClient], T], *, again: bool = True) -> T:
        if self._wait.left == 0:
            msg = "no time is left for details"
            raise TransientError(msg)
        ask = self._api.ask if again else self._api.once
        return ask(call, within=self._wait.at_most(_PATIENCE))


def _ran(end: Outcome) -> bool:
    return end.exit_code != EXIT_CODES["SKIPPED"] and end.name not in _NEVER_RAN


def _started(output: RunOutput | None) -> int | None:
    """The job run that a `run_job` task has started."""
    return output.run_job_output.run_id if output and output.run_job_output else None
