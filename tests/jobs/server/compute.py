"""Commands of tasks, run in the environment that the task asks for."""

from __future__ import annotations

from collections.abc import Sequence

from jobs.server.attempt import Attempt, End
from jobs.server.environments import LibraryError, dependencies, variables
from jobs.server.process import tail

FAILED = "Workload failed, see run output for details"
"""Recorded by Databricks (github.com/databricks/cli, acceptance/bundle/resources/job_runs)."""


def run(attempt: Attempt, words: Sequence[str]) -> tuple[End, str]:
    """Run `python WORDS`; how it ended, and what it printed.

    It waits for its turn (`Switches.seats`). All tasks share one working folder, and so one DuckDB
    file, as tasks on Databricks share one metastore. The log has both streams. With `-P` nothing is
    imported from the bench's own folder.
    """
    workspace, record = attempt.workspace, attempt.record
    try:
        needed = dependencies(attempt.task, attempt.run.settings)
        python = workspace.environments.python(needed)
    except LibraryError as error:
        return End("FAILED", str(error), "LIBRARY_INSTALLATION_ERROR"), ""
    log = workspace.folder / "logs" / f"{record.run_id}.txt"
    with workspace.seats.seat(record.stop) as seated:
        if not seated:
            return attempt.stopped() or End("CANCELED"), ""
        with attempt.at_work():
            code = workspace.processes.run(
                [str(python), "-P", *words],
                cwd=workspace.folder / "work",
                environment=variables(attempt.task, python, workspace.folder / "home"),
                log=log,
                stop=record.stop,
            )
    text, is_cut = tail(log)
    record.output.update(logs=text, logs_truncated=is_cut)
    if end := attempt.stopped():
        return end, text
    if code == 0:
        return End("SUCCESS"), text
    last = (text.strip().splitlines() or ["no output"])[-1]
    record.output.setdefault("error", last if code > 0 else f"killed by signal {-code}")
    return End("FAILED", FAILED), text
