"""How a run ended, in one object."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from dbt_runner.errors import NotPublished
from dbt_runner.execution.results import Record

MAX_FAILED = 100
MAX_MESSAGE = 2000


@dataclass
class Summary:
    """A run's end; the last line of a JSON log and `summary.json`.

    Attributes:
        status: `error` means that no statement about the data can be made, or that the artifacts
            which would prove it are lost.
        nodes: number of nodes by status; `None` if the run ended before there was a plan.
        resumed_from: the attempt that this one goes on with; `carried` nodes were done by then.
        failed: nodes that were begun or skipped and are not green, causes first, at most 100.
        error: why the run ended with `error`, or why artifacts are missing.
        began: when the process started, seconds since the epoch; told as `started_at`.
        artifacts: folder of the run's artifacts; `None` if they could not be stored.
        lost: why artifacts are not stored, and where they are kept in their stead.
        timings_s: seconds of parts of the run; `first_sql` counts from the process's start.
    """

    attempt: str
    run_type: str
    target: str
    resume_key: str | None = None
    status: Literal["success", "failed", "cancelled", "timeout", "error"] = "success"
    exit_code: int = 0
    catalog: str | None = None
    target_schema: str | None = None
    commands: list[str] = field(default_factory=list)
    nodes: dict[str, int] | None = None
    failed: list[dict[str, Any]] = field(default_factory=list)
    warnings: int = 0
    error: str | None = None
    resumed_from: str | None = None
    carried: int = 0
    parse: str | None = None
    began: float = 0.0
    elapsed_s: float = 0.0
    timings_s: dict[str, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    artifacts: str | None = None
    lost: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The object as it is printed and stored, in its documented order."""
        first = ("attempt", "resume_key", "status", "exit_code", "run_type", "target")
        rest = [name for name in self.__dict__ if name not in first]
        values = {name: getattr(self, name) for name in (*first, *rest)}
        values["began"] = (
            datetime.fromtimestamp(self.began, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z")
        )
        told = {"started_at" if name == "began" else name: item for name, item in values.items()}
        return {"event": "run.finished", **told, "message": self.sentence()}

    def elapsed(self) -> float:
        """Seconds since the process started."""
        return round(time.time() - self.began, 3)

    def sentence(self) -> str:
        """The end in one line, for an exception's message: it names the nodes that failed."""
        done = sum((self.nodes or {}).get(name, 0) for name in ("success", "pass", "warn"))
        total = (self.nodes or {}).get("total", 0)
        if self.exit_code == NotPublished.exit_code:
            count = f" ({done} of {total} nodes done)" if self.nodes else ""
            return _line(
                f"the data is written{count}, but the artifacts are not stored: {self.error}"
            )
        lost = f"; the artifacts are not stored: {self.lost}" if self.lost else ""
        if self.error and self.status != "success":
            return _line(f"{self.error}{lost}")
        names = [f"{item['unique_id']} ({item['status']})" for item in self.failed[:10]]
        more = f" and {len(self.failed) - 10} more" if len(self.failed) > 10 else ""
        tail = f": {', '.join(names)}{more}" if names else ""
        return _line(f"{self.status}: {done} of {total} nodes done{tail}{lost}")


def _line(text: str) -> str:
    return " ".join(text.split())


def failure(record: Record, compiled: str | None) -> dict[str, Any]:
    """A node that is not green, as the summary tells it.

    Args:
        record: the node's record.
        compiled: path of its compiled SQL below the run's folder, where there is one.
    """
    message = (record.message or "").strip()
    item: dict[str, Any] = {
        "unique_id": record.node.unique_id,
        "status": record.status.value,
        "message": message[:MAX_MESSAGE] or None,
    }
    diagnosis = record.diagnosis
    if diagnosis:
        item["sort"], item["hint"] = diagnosis.sort.value, diagnosis.hint
    if record.node.path:
        item["path"] = record.node.path
    if compiled:
        item["compiled"] = compiled
    return item
