"""dbt's events and results in words of our own."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dbt_runner.engine.events import (
    Event,
    FirstStatement,
    NodeFinished,
    NodeStarted,
    Parsed,
    Status,
    Unmatched,
    Warned,
)

_STATUSES = {
    "success": Status.SUCCESS,
    "pass": Status.PASS,
    "warn": Status.WARN,
    "error": Status.ERROR,
    "fail": Status.FAIL,
    "skipped": Status.SKIPPED,
    "no-op": Status.SUCCESS,
    "partial success": Status.ERROR,
    "runtime error": Status.ERROR,
}
"""`NodeStatus` of dbt.artifacts.schemas.results (dbt-core 1.11)."""

_REPORTED_OTHERWISE = frozenset(
    {"NoNodesForSelectionCriteria", "NothingToDo", "NoNodesSelected", "DeprecationsSummary"}
)
"""Warnings that reach the user as something else than a warning of dbt, or repeat others."""

_OPERATION_ERRORS = frozenset({"RunningOperationCaughtError", "RunningOperationUncaughtError"})

_NODE_RESULTS = frozenset({"LogTestResult", "LogFreshnessResult", "LogNodeResult"})


@dataclass(frozen=True)
class Listener:
    """A callback of dbt that takes some events only."""

    take: Callable[[Any], None]
    names: frozenset[str]

    def __call__(self, message: Any) -> None:
        """Take one event of dbt, an `EventMsg` of dbt_common."""
        self.take(message)

    def wants(self, name: str) -> bool:
        """Whether an event is used; asked before it is built (`patches/events.py`)."""
        return name in self.names


class Callback:
    """dbt's callback: keeps the events that are used, and passes them on as ours.

    dbt calls it for every event, debug ones included, and from several threads.

    Attributes:
        operation_error: why the last `run-operation` failed, which its result does not tell.
        fault: what the listener raised first. Raised into dbt it would cost a node its result, and
            dbt would wait for that for ever.
    """

    def __init__(self, listener: Callable[[Event], None]) -> None:
        self._listener = listener
        self.operation_error: str | None = None
        self.fault: Exception | None = None
        self._translators: dict[str, Callable[[Any], Event | None]] = {
            "NodeStart": _started,
            "NodeFinished": _finished,
            "NoNodesForSelectionCriteria": lambda data: Unmatched(data.spec_raw),
            "SQLQuery": self._first_statement,
            "PartialParsingNotFound": lambda _: Parsed("full: no earlier parse to build on"),
            "UnableToPartialParse": lambda data: Parsed(f"full: {data.reason}"),
            "PartialParsingEnabled": lambda data: Parsed(
                f"partial: {data.added} added, {data.changed} changed, {data.deleted} deleted files"
            ),
            "PartialParsingSkipParsing": lambda _: Parsed("partial: nothing has changed"),
        }

    def __call__(self, message: Any) -> None:
        """Take one event of dbt, an `EventMsg` of dbt_common or what `patches/events.py` has."""
        try:
            self._take(message)
        except Exception as error:  # noqa: BLE001 - raised by the engine when dbt has returned
            self.fault = self.fault or error

    def wants(self, name: str) -> bool:
        """Whether an event below a warning is used; asked before it is built."""
        return name in self._translators or name in _OPERATION_ERRORS

    def _take(self, message: Any) -> None:
        name = message.info.name
        translator = self._translators.get(name)
        event: Event | None
        if translator is not None:
            event = translator(message.data)
        elif name in _OPERATION_ERRORS:
            self.operation_error = message.data.exc
            return
        elif message.info.level == "warn" and name not in _NODE_RESULTS | _REPORTED_OTHERWISE:
            event = Warned(name, " ".join(message.info.msg.split()))
        else:
            return
        if event is not None:
            self._listener(event)

    def _first_statement(self, data: Any) -> Event | None:
        unique_id = data.node_info.unique_id
        if not unique_id or unique_id.startswith("operation."):
            return None
        # dbt's threads may come here together; one of them takes it
        taken = self._translators.pop("SQLQuery", None)
        return FirstStatement(unique_id) if taken else None


def node_result(result: Any, folder: Path) -> NodeFinished | None:
    """A result of dbt (`NodeResult` of dbt.artifacts.schemas.results) in our words.

    Args:
        folder: the target path of the command.
    """
    node = getattr(result, "node", None)
    unique_id = getattr(node, "unique_id", None) or getattr(result, "unique_id", None)
    if not unique_id:
        return None
    return NodeFinished(
        unique_id=unique_id,
        status=_status(unique_id, str(result.status)),
        seconds=float(result.execution_time or 0.0),
        message=result.message or None,
        rows=_rows(getattr(result, "adapter_response", None) or {}),
        compiled=_below(folder, getattr(node, "compiled_path", None)),
    )


def _below(folder: Path, path: str | None) -> str | None:
    """A path as dbt gives it, absolute like the target path, from its folder on."""
    return os.path.relpath(path, folder) if path else None


def _started(data: Any) -> Event:
    return NodeStarted(data.node_info.unique_id)


def _finished(data: Any) -> Event:
    unique_id = data.node_info.unique_id
    result = data.run_result
    return NodeFinished(
        unique_id=unique_id,
        status=_status(unique_id, result.status),
        seconds=float(result.execution_time),
        message=result.message or None,
        rows=_rows(dict(result.adapter_response)),
    )


def _status(unique_id: str, status: str) -> Status:
    if unique_id.startswith("source.") and status == "error":
        # a freshness check that found the source too old; "runtime error" is one that broke
        return Status.FAIL
    return _STATUSES.get(status, Status.ERROR)


def _rows(adapter_response: dict[str, Any]) -> int | None:
    rows = adapter_response.get("rows_affected")
    try:
        return int(rows) if rows is not None and int(rows) >= 0 else None
    except (TypeError, ValueError):
        return None
