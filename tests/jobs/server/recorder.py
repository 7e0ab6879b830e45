"""Tasks that this bench cannot run and a test has asked to be noted as done.

A test names the job and the kind of task; without that, such a task fails. What it would have been
given is recorded, with references resolved and parameters pushed.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from jobs.server.errors import Refusal

KINDS = frozenset({"sql_task", "pipeline_task"})


class Recorder:
    """What was asked for, and what was recorded."""

    def __init__(self) -> None:
        self._asked: set[tuple[int, str]] = set()
        self._lock = threading.Lock()
        self.records: list[dict[str, Any]] = []
        self.pipelines: dict[str, dict[str, Any]] = {}

    def ask(self, job_id: int, kind: str, *, off: bool = False) -> None:
        """Record that kind of task of that job from now on, or no longer."""
        if kind not in KINDS:
            msg = f"cannot be recorded: {kind}"
            raise Refusal(msg)
        (self._asked.discard if off else self._asked.add)((job_id, kind))

    def takes(self, job_id: int | None, kind: str) -> bool:
        """Whether a test has asked for it."""
        return (job_id, kind) in self._asked

    def record(self, kind: str, settings: dict[str, Any], **where: Any) -> None:
        """Note what a task would have been given."""
        if kind == "sql_task":
            content = Path(settings["file"]["path"]).read_text(encoding="utf-8")
            found = {"parameters": settings.get("parameters", {}), "content": content}
        else:
            found = {"pipeline": self.pipelines[settings["pipeline_id"]], "parameters": settings}
        with self._lock:
            self.records.append({**where, "kind": kind, **found})
