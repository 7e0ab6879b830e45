"""The run's log as JSON lines, one event each; the summary is the last one."""

from __future__ import annotations

import json
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from dbt_runner.engine.events import GREEN
from dbt_runner.execution.results import Record, Results
from dbt_runner.execution.summary import Summary
from dbt_runner.report.sink import Sink


class JsonLog:
    """Reports a run as JSON lines on standard output."""

    def __init__(self, level: str, sink: Sink | None = None) -> None:
        self._sink = sink or Sink(sys.stdout)
        self._log: Any = structlog.wrap_logger(
            structlog.WriteLogger(self._sink),  # type: ignore[arg-type]  # needs write and flush
            wrapper_class=structlog.make_filtering_bound_logger(level),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                _ordered,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
            ],
        )

    def started(self, facts: dict[str, Any]) -> None:
        self._log.info("run.started", **facts)

    def notice(self, event: str, *, level: str = "info", **facts: Any) -> None:
        getattr(self._log, level)(event, **facts)

    def planned(self, results: Results) -> None:
        self._log.info("run.planned", nodes=results.counts()["total"])

    def node_started(self, record: Record, results: Results) -> None:
        self._log.info("node.started", unique_id=record.node.unique_id)

    def node_finished(self, record: Record, results: Results) -> None:
        facts: dict[str, Any] = {
            "unique_id": record.node.unique_id,
            "status": record.status.value,
            "seconds": round(record.seconds, 3),
        }
        if record.rows is not None:
            facts["rows"] = record.rows
        green = record.status in GREEN
        if record.message and (not green or record.status.value == "warn"):
            facts["message"] = record.message.strip()
        diagnosis = record.diagnosis
        if diagnosis:
            facts["sort"], facts["hint"] = diagnosis.sort.value, diagnosis.hint
        (self._log.info if green else self._log.error)("node.finished", **facts)

    def finished(self, summary: Summary, results: Results) -> None:
        self._sink.write(json.dumps(summary.as_dict(), ensure_ascii=False, default=str) + "\n")
        # a dbt that did not let go may still tell of its nodes
        self._sink.close()


def _ordered(_log: Any, _method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    first = ("timestamp", "level", "event")
    return {**{name: event[name] for name in first}, **event}
