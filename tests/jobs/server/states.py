"""States of runs, in the two forms that the API gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

DONE = frozenset({"TERMINATED", "SKIPPED", "INTERNAL_ERROR"})
"""Life cycle states that end (docs: api/workspace/jobs/getrun, `RunLifeCycleState`)."""

GREEN = frozenset({"SUCCESS", "SUCCESS_WITH_FAILURES", "EXCLUDED"})
"""Results that count as success for what comes after (docs: jobs/run-if)."""

CODES = {
    "SUCCESS": "SUCCESS",
    "SUCCESS_WITH_FAILURES": "SUCCESS_WITH_FAILURES",
    "FAILED": "RUN_EXECUTION_ERROR",
    "CANCELED": "USER_CANCELED",
    "TIMEDOUT": "CANCELED",
    "MAXIMUM_CONCURRENT_RUNS_REACHED": "MAX_CONCURRENT_RUNS_EXCEEDED",
}
"""Result state → code of `termination_details`; `SKIPPED` for what was never executed."""

_SECOND_FORM = {"WAITING_FOR_RETRY": "WAITING", **dict.fromkeys(DONE, "TERMINATED")}


@dataclass(frozen=True)
class State:
    """Where a run is.

    Attributes:
        life_cycle: `state.life_cycle_state`.
        result: `state.result_state`, once it has ended.
        code: of `termination_details`, where it is not the one of its result.
        queue_reason: why it waits.
    """

    life_cycle: str = "PENDING"
    result: str | None = None
    message: str = ""
    code: str | None = None
    queue_reason: str | None = None

    @property
    def is_done(self) -> bool:
        """Whether it has ended."""
        return self.life_cycle in DONE

    def told(self) -> dict[str, Any]:
        """`state` (2.0) and `status` (since 2.1)."""
        old = {"life_cycle_state": self.life_cycle, "state_message": self.message}
        new: dict[str, Any] = {"state": _SECOND_FORM.get(self.life_cycle, self.life_cycle)}
        if self.queue_reason:
            old["queue_reason"] = self.queue_reason
            new["queue_details"] = {"code": self.queue_reason, "message": self.message}
        if self.result:
            old["result_state"] = self.result
            new["termination_details"] = {
                "code": self.code or CODES.get(self.result, "SKIPPED"),
                "type": "SUCCESS" if self.result in GREEN else "CLIENT_ERROR",
                "message": self.message,
            }
        return {"state": old, "status": new}


RUNNING = State("RUNNING", message="In run")
TERMINATING = State("TERMINATING", message="Terminating")


def never_executed(result: str, message: str) -> State:
    """The end of a task whose turn did not come."""
    return State("SKIPPED", result, message)
