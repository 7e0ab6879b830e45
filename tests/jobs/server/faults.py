"""What the server does wrong when a test tells it to."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import Any, Literal

from jobs.server.errors import Refusal

Kind = Literal["drop", "drop_after", "status", "status_after", "slow", "slow_after"]
KINDS = ("drop", "drop_after", "status", "status_after", "slow", "slow_after")


@dataclass
class Fault:
    """One thing to do wrong.

    Attributes:
        do: `drop` closes the connection before the request is looked at; `drop_after` when it has
            been accepted, so that the run exists and its answer is lost; `status` answers with an
            HTTP status instead of working, `status_after` works first; `slow` waits before it
            works, `slow_after` works first.
        path: pattern for the end of the path, such as `run-now` or `runs/get`.
        times: how often.
        status, retry_after: of the answer; no `Retry-After` header if that is `None`.
        body: of the answer, as JSON; a load balancer's page if that is `None`.
        seconds: of a wait.
        done: how often it happened.
    """

    do: Kind
    path: str = "run-now"
    times: int = 1
    status: int = 503
    retry_after: int | None = None
    body: dict[str, Any] | None = field(
        default_factory=lambda: {"error_code": "TEMPORARILY_UNAVAILABLE", "message": "a fault"}
    )
    seconds: float = 0.0
    done: int = 0

    def __post_init__(self) -> None:
        if self.do not in KINDS:
            msg = f"no such fault: {self.do}; there are {', '.join(KINDS)}"
            raise Refusal(msg)


class Faults:
    """The faults that are still to happen."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def replace(self, faults: list[dict[str, Any]]) -> None:
        """Forget all faults and take up these."""
        with self._lock:
            self._faults = [Fault(**fault) for fault in faults]

    def take(self, path: str) -> Fault | None:
        """The fault that is due for a request; it counts as done."""
        with self._lock:
            for fault in self._faults:
                if fault.done < fault.times and re.search(f"(?:{fault.path})$", path):
                    fault.done += 1
                    return fault
        return None

    def told(self) -> list[dict[str, Any]]:
        """What is to happen and how often it has happened."""
        with self._lock:
            return [dict(vars(fault)) for fault in self._faults]
