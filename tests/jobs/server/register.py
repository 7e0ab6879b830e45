"""All runs, and how one is found."""

from __future__ import annotations

from jobs.server.errors import Refusal, no_run
from jobs.server.runs import JobRun, TaskRun


class Runs:
    """All runs."""

    def __init__(self) -> None:
        self._runs: dict[int, JobRun] = {}

    def add(self, run: JobRun) -> None:
        """Keep one."""
        self._runs[run.run_id] = run

    def remove(self, run_id: int) -> None:
        """Forget one."""
        self._runs.pop(self.get(run_id).run_id)

    def newest_first(self) -> list[JobRun]:
        """Every one."""
        return list(reversed(list(self._runs.values())))

    def active(self, job_id: int) -> list[JobRun]:
        """Those of a job that go on; the queued ones don't count."""
        mine = [run for run in list(self._runs.values()) if run.job_id == job_id]
        return [run for run in mine if not run.state.is_done and run.state.life_cycle != "QUEUED"]

    def get(self, run_id: int) -> JobRun:
        """The job run of that number.

        Raises:
            Refusal: there is none.
        """
        if run_id not in self._runs:
            raise no_run(run_id)
        return self._runs[run_id]

    def find(self, run_id: int) -> tuple[JobRun, TaskRun | None]:
        """The job run of that number, or the task run with its job run.

        Raises:
            Refusal: there is neither.
        """
        if run_id in self._runs:
            return self._runs[run_id], None
        for run in list(self._runs.values()):
            for record in run.records:
                for each in (record, *record.iterations):
                    if each.run_id == run_id:
                        return run, each
        raise no_run(run_id)


def output_of(run: JobRun, record: TaskRun | None) -> TaskRun:
    """The task run whose output is asked for.

    Raises:
        Refusal: of a job run with several tasks (docs: api/workspace/jobs/getrunoutput).
    """
    if record:
        return record
    if len({each.key for each in run.records}) == 1:
        return run.records[-1]
    msg = (
        "Retrieving the output of runs with multiple tasks is not supported. "
        "Please retrieve the output of each individual task run instead."
    )
    raise Refusal(msg)
