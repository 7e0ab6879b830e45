"""How a job run or a task run ended, and the exit code that says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from databricks.sdk.service.jobs import RunState, RunStatus, TerminationDetails

STILL_GOING = 7
"""The exit code where no end is known."""

INTERNAL_ERROR = "INTERNAL_ERROR"
UNKNOWN = "UNKNOWN"

EXIT_CODES = {
    "SUCCESS": 0,
    "FAILED": 1,
    "SUCCESS_WITH_FAILURES": 1,
    "UPSTREAM_FAILED": 1,
    "TIMEDOUT": 124,
    "CANCELED": 130,
    "UPSTREAM_CANCELED": 130,
    "SKIPPED": 8,
    "MAXIMUM_CONCURRENT_RUNS_REACHED": 8,
    "EXCLUDED": 8,
    "DISABLED": 8,
    INTERNAL_ERROR: 5,
    # whatever it means, nobody said that it is a success
    UNKNOWN: 1,
}
"""Names of `RunResultState` and `RunLifeCycleState` (Jobs API 2.2), and the exit code of each."""

NOT_MEANT_TO_RUN = frozenset({"EXCLUDED", "DISABLED", "SKIPPED"})
"""Ends of tasks that fail nothing: a condition or a person left them out."""

_ENDED = frozenset({"TERMINATED", "SKIPPED", INTERNAL_ERROR})
_BY_CODE = {
    "USER_CANCELED": "CANCELED",
    "MAX_CONCURRENT_RUNS_EXCEEDED": "MAXIMUM_CONCURRENT_RUNS_REACHED",
    "MAX_JOB_QUEUE_SIZE_EXCEEDED": "MAXIMUM_CONCURRENT_RUNS_REACHED",
    "RUN_EXECUTION_ERROR": "FAILED",
}
_BY_TYPE = {
    "CLIENT_ERROR": "FAILED",
    "CLOUD_FAILURE": INTERNAL_ERROR,
    "INTERNAL_ERROR": INTERNAL_ERROR,
}


@dataclass(frozen=True)
class Outcome:
    """An end.

    Attributes:
        name: as the Jobs API calls the result; `UNKNOWN` where it is none that we know.
        message: what Databricks says about it.
    """

    name: str
    message: str = ""

    @property
    def exit_code(self) -> int:
        """What a process that waited for it returns (README, "Exit codes")."""
        return EXIT_CODES[self.name]


def of(state: RunState | None, status: RunStatus | None) -> Outcome | None:
    """The end that a run's state tells; `None` while it goes on.

    Values that the SDK does not know, it gives as `None` (databricks-sdk 0.117,
    `service/_internal.py`, `_enum`), so a result that is missing is not taken for a good one.

    Args:
        state: `state` of a run or a task run.
        status: its `status`, the newer form; counts where there is no `state`.
    """
    if state is None or state.life_cycle_state is None:
        return _of_status(status)
    life_cycle = state.life_cycle_state.value
    if life_cycle not in _ENDED:
        return None
    message = state.state_message or ""
    result = state.result_state.value if state.result_state else None
    if life_cycle == INTERNAL_ERROR and result in {None, "SUCCESS"}:
        return Outcome(INTERNAL_ERROR, message)
    if life_cycle == "SKIPPED" and result in {None, "SUCCESS"}:
        return Outcome("SKIPPED", message)
    return Outcome(result if result in EXIT_CODES else UNKNOWN, message)


def going(state: RunState | None, status: RunStatus | None) -> str:
    """What a run that has not ended is doing, in the API's word."""
    if state and state.life_cycle_state:
        return state.life_cycle_state.value
    return status.state.value if status and status.state else UNKNOWN


def _of_status(status: RunStatus | None) -> Outcome | None:
    if status is None or status.state is None or status.state.value != "TERMINATED":
        return None
    details = status.termination_details
    return Outcome(_named(details), (details and details.message) or "")


def _named(details: TerminationDetails | None) -> str:
    code = details.code.value if details and details.code else UNKNOWN
    name = _BY_CODE.get(code, code)
    if name in EXIT_CODES:
        return name
    kind = details.type.value if details and details.type else UNKNOWN
    return _BY_TYPE.get(kind, UNKNOWN)
