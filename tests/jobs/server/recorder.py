"""What tasks would have done that this bench cannot do, as they were given it.

A pipeline task is noted as done if a test has asked for that, by naming its job; without that it
fails. Of a SQL task only what Spark cannot know is noted (`refused`).
"""

from __future__ import annotations

import threading
from typing import Any


class Recorder:
    """What was asked for, and what was recorded."""

    def __init__(self) -> None:
        self._asked: set[int] = set()
        self._lock = threading.Lock()
        self.records: list[dict[str, Any]] = []
        self.pipelines: dict[str, dict[str, Any]] = {}

    def ask(self, job_id: int, *, off: bool = False) -> None:
        """Record the pipeline tasks of that job from now on, or no longer."""
        (self._asked.discard if off else self._asked.add)(job_id)

    def takes(self, job_id: int | None) -> bool:
        """Whether a test has asked for it."""
        return job_id in self._asked

    def record(self, **found: Any) -> None:
        """Note what a task would have done."""
        with self._lock:
            self.records.append(found)
