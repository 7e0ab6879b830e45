"""A job run watched to its end, or for as long as somebody waits and the workspace answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dbt_runner.errors import RunnerError, TransientError
from dbt_runner.jobs.trigger import job_run, outcome, sending
from dbt_runner.jobs.trigger.job_run import JobRun
from dbt_runner.jobs.trigger.progress import Progress, Tell
from dbt_runner.jobs.trigger.wait import Wait
from dbt_runner.warehouse.refusals import Missing
from dbt_runner.warehouse.rest_api import wanted_pause

if TYPE_CHECKING:
    from databricks.sdk.service.jobs import Run

    from dbt_runner.warehouse.rest_api import RestApi

CONTACT = 300
"""Seconds without an answer after which contact is lost."""

_GONE = 4
"""Answers in a row that there is no such run, after which it is gone."""

_PAUSES = (1, 1, 2, 3, 5, 7)
_LONGEST_PAUSE = 10


class Watch:
    """Asks for a run's state again and again.

    Args:
        api: how the workspace is asked.
        wait: for how long.
        tell: told of progress.
        tick: called before each request, as to renew credentials.
    """

    def __init__(self, api: RestApi, wait: Wait, tell: Tell, tick: Callable[[], object]) -> None:
        self._api = api
        self._wait = wait
        self._tell = tell
        self._tick = tick

    def until_end(self, run: JobRun, *, known: bool, repair_id: int | None = None) -> JobRun:
        """Wait for the end.

        Args:
            run: as far as it is known.
            known: it is certain that there is such a run; else a first refusal is raised.
            repair_id: the repair whose end it is to be.

        Returns:
            The run as last seen, without an `outcome` and with a reason in `left` if that was not
            its end.

        Raises:
            RunnerError: the workspace knows no such run, or refuses to show it.
        """
        progress = Progress(self._tell)
        answered = self._api.clock()
        polls, silent = 0, False
        refusals: list[RunnerError] = []
        while True:
            pause = _pause(polls)
            try:
                found = self._look(run.run_id, with_history=repair_id is not None)
            except TransientError as error:
                if self._api.clock() - answered >= CONTACT:
                    return replace(run, outcome=None, left=f"contact was lost: {error}")
                if not silent:
                    self._tell("contact.lost", level="warning", reason=str(error))
                silent = True
                pause = max(pause, min(wanted_pause(error), _LONGEST_PAUSE * 6))
            except RunnerError as error:
                refusals.append(error)
                if left := _given_up(refusals, known=known):
                    return replace(run, outcome=None, left=left)
            else:
                answered, silent, known = self._api.clock(), False, True
                refusals.clear()
                run = _updated(run, found, repair_id)
                progress.seen(run)
                if run.outcome:
                    return run
            polls += 1
            if self._wait.left == 0:
                return replace(run, left=f"not waited for longer than {self._wait.seconds:g} s")
            self._api.wait(self._wait.at_most(pause))

    def _look(self, run_id: int, *, with_history: bool) -> Run:
        self._tick()
        return self._api.once(
            lambda ws: ws.jobs.get_run(run_id, include_history=True if with_history else None),
            within=self._wait.left,
        )


def _pause(polls: int) -> float:
    """Seconds after so many looks."""
    return _PAUSES[polls] if polls < len(_PAUSES) else _LONGEST_PAUSE


def _given_up(refusals: Sequence[RunnerError], *, known: bool) -> str:
    """Why a run is left after refusals in a row; empty while it is not.

    Raises:
        RunnerError: the refusal itself, where it is not known that there is such a run.
    """
    last = refusals[-1]
    if not known and sending.refused(last):
        raise last
    if not isinstance(last, Missing):
        return f"contact was lost: {last}"
    # where it was just started, it may not be seen yet
    gone = len(refusals) >= _GONE
    return f"{job_run.GONE}, deleted or not to be seen any more: {last}" if gone else ""


def _updated(before: JobRun, found: Run, repair_id: int | None) -> JobRun:
    run = job_run.seen(found, before.run_id)
    run = replace(run, idempotency_token=before.idempotency_token)
    if repair_id is not None and not _repaired(found, repair_id):
        # still the end before the repair
        return replace(run, outcome=None)
    return run


def _repaired(found: Run, repair_id: int) -> bool:
    for item in found.repair_history or ():
        if item.id == repair_id:
            told = item.state or item.status
            return told is None or outcome.of(item.state, item.status) is not None
    return False
