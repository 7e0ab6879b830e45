"""What the front does wrong when a test tells it to."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["refuse", "refuse_after", "cut", "cut_after", "delay", "delay_after", "error"]


@dataclass
class Fault:
    """One thing to do wrong.

    Attributes:
        do: `refuse` answers an HTTP status instead of working; `refuse_after` works first;
            `cut` drops the connection; `cut_after` works first; `delay` waits before it works;
            `delay_after` works first; `error` lets the statement fail with `message`.
        method: method of the Thrift service, or the HTTP path, that it applies to.
        sql: pattern that the request has to hold.
        times: how often.
        status, retry_after: of the HTTP answer; no `Retry-After` header if it is `None`.
        seconds: of a delay.
        done: how often it happened.
    """

    do: Kind
    method: str = "ExecuteStatement"
    sql: str = ""
    times: int = 1
    status: int = 503
    retry_after: int | None = None
    seconds: float = 0.0
    message: str = ""
    done: int = field(default=0)


class Faults:
    """The faults that are still to happen."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def replace(self, faults: list[dict[str, Any]]) -> None:
        """Forget all faults and take up these."""
        with self._lock:
            self._faults = [Fault(**fault) for fault in faults]

    def take(self, method: str, body: bytes) -> Fault | None:
        """The fault that is due for a request; it counts as done."""
        text = body.decode("utf-8", "replace")
        with self._lock:
            for fault in self._faults:
                if fault.done >= fault.times or not re.fullmatch(fault.method, method):
                    continue
                if re.search(fault.sql, text, re.IGNORECASE | re.DOTALL):
                    fault.done += 1
                    return fault
        return None

    def told(self) -> list[dict[str, Any]]:
        """What is to happen and how often it has happened."""
        with self._lock:
            return [vars(fault) for fault in self._faults]
