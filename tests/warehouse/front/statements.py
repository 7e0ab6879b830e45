"""The record of every statement."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Statement:
    """One statement that was handed to the engine.

    Attributes:
        state: `running`, `finished`, `error` or `cancelled`.
        began: seconds since the epoch.
        cancels: how often a client asked for its end (`CancelOperation`).
        headers: of the request.
        tags: the session's query tags.
    """

    sql: str
    state: str = "running"
    error: str | None = None
    began: float = field(default_factory=time.time)
    seconds: float | None = None
    cancels: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    session: dict[str, str] = field(default_factory=dict)


class Statements:
    """All statements since the last reset."""

    def __init__(self) -> None:
        self._statements: list[Statement] = []
        self._lock = threading.Lock()

    def add(self, statement: Statement) -> None:
        """Take up a statement; its owner goes on writing its end into it."""
        with self._lock:
            self._statements.append(statement)

    def told(self) -> list[dict[str, Any]]:
        """All of them, oldest first."""
        with self._lock:
            return [asdict(statement) for statement in self._statements]

    def reset(self) -> None:
        """Forget them."""
        with self._lock:
            self._statements.clear()
