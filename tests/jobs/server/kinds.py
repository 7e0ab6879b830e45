"""The kinds of tasks. One that is not among them fails; none passes without having been run."""

from __future__ import annotations

from collections.abc import Callable

from jobs.server import child, conditions, for_each, notebook, sql_file, wheel
from jobs.server.attempt import Attempt, End
from jobs.server.errors import Refusal


def _condition(attempt: Attempt) -> End:
    with attempt.at_work():
        try:
            attempt.record.outcome = conditions.outcome(attempt.settings)
        except Refusal as error:
            return End("FAILED", str(error))
    return End("SUCCESS")


def _recorded(attempt: Attempt) -> End:
    recorder, settings = attempt.workspace.recorder, attempt.settings
    if not recorder.takes(attempt.run.job_id):
        return End("FAILED", f"this bench cannot run {attempt.kind}")
    with attempt.at_work():
        pipeline = recorder.pipelines[settings["pipeline_id"]]
        attempt.note(pipeline=pipeline, parameters=settings)
    return End("SUCCESS")


_KINDS: dict[str, Callable[[Attempt], End]] = {
    "condition_task": _condition,
    "for_each_task": for_each.run,
    "notebook_task": notebook.run,
    "pipeline_task": _recorded,
    "python_wheel_task": wheel.run,
    "run_job_task": child.run,
    "sql_task": sql_file.run,
}


def run(attempt: Attempt) -> End:
    """Run a task once."""
    if attempt.kind not in _KINDS:
        return End("FAILED", f"this bench cannot run {attempt.kind}")
    return _KINDS[attempt.kind](attempt)
