"""The JSON log: one event a line, the summary last."""

from __future__ import annotations

import io
import json
from datetime import datetime
from typing import Any

import pytest

from dbt_runner.engine.events import NodeFinished, Status
from dbt_runner.engine.plan import Node
from dbt_runner.execution.results import Record, Results
from dbt_runner.execution.summary import Summary
from dbt_runner.log import JsonLog
from dbt_runner.report.sink import Sink


class Log:
    """A log, and what it wrote."""

    def __init__(self, level: str = "info") -> None:
        self.stream = io.StringIO()
        self.report = JsonLog(level, Sink(self.stream))

    def lines(self) -> list[dict[str, Any]]:
        """Each line as an object."""
        text = self.stream.getvalue()
        assert not text or text.endswith("\n")
        return [json.loads(line) for line in text.splitlines()]


def node(status: Status, message: str | None = None, rows: int | None = None) -> Any:
    """Results with one node that ended, and its record."""
    results = Results()
    results.plan(0, [Node("model.p.a", "model", "a", "models/a.sql")])
    results.begin(0)
    record = results.finish(NodeFinished("model.p.a", status, 1.23456, message, rows))
    return record, results


def test_line_begins_with_time_level_and_event() -> None:
    """Each line is one object; its first keys say when, how grave and what."""
    log = Log()
    log.report.started({"attempt": "a1", "settings": {"vars": {"x": "日\nb"}}})
    (line,) = log.lines()
    assert list(line) == ["timestamp", "level", "event", "attempt", "settings"]
    assert (line["level"], line["event"]) == ("info", "run.started")
    assert datetime.fromisoformat(line["timestamp"]).utcoffset().total_seconds() == 0
    assert line["settings"] == {"vars": {"x": "日\nb"}}
    assert log.stream.getvalue().count("\n") == 1


@pytest.mark.parametrize(
    ("status", "message", "rows", "level", "facts"),
    [
        pytest.param(Status.SUCCESS, "OK", 5, "info", {"rows": 5}, id="green-without-message"),
        pytest.param(Status.WARN, " 2 rows\n", None, "info", {"message": "2 rows"}, id="warning"),
        pytest.param(Status.ERROR, "boom", None, "error", {"message": "boom"}, id="error"),
        pytest.param(Status.SKIPPED, None, None, "error", {}, id="skipped"),
    ],
)
def test_end_of_a_node(
    status: Status, message: str | None, rows: int | None, level: str, facts: dict[str, Any]
) -> None:
    """A node's end is one line; a message comes with what is not plainly green."""
    log = Log()
    record, results = node(status, message, rows)
    log.report.node_finished(record, results)
    (line,) = log.lines()
    del line["timestamp"]
    assert line == {
        "level": level,
        "event": "node.finished",
        "unique_id": "model.p.a",
        "status": status.value,
        "seconds": 1.235,
        **facts,
    }


def test_plan_and_start_of_a_node() -> None:
    """The plan is told by its size, the start of a node by its id."""
    log = Log()
    record, results = node(Status.SUCCESS)
    assert isinstance(record, Record)
    log.report.planned(results)
    log.report.node_started(record, results)
    assert [(line["event"], line.get("nodes"), line.get("unique_id")) for line in log.lines()] == [
        ("run.planned", 1, None),
        ("node.started", None, "model.p.a"),
    ]


@pytest.mark.parametrize(
    ("level", "told"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_least_level_to_log(level: str, told: list[str]) -> None:
    """Lines below the chosen level are left out."""
    log = Log(level)
    for each in ("debug", "info", "warning", "error"):
        log.report.notice("some.event", level=each, reason="x")
    assert [line["level"] for line in log.lines()] == told


@pytest.mark.parametrize("level", ["info", "error"])
def test_summary_is_the_last_line_at_every_level(level: str) -> None:
    """The last line is the summary itself, exactly as it is stored."""
    log = Log(level)
    end = Summary("a1", "full", "local", error="日")
    log.report.finished(end, Results())
    assert log.lines() == [end.as_dict()]


def test_nothing_is_told_after_the_summary() -> None:
    """What dbt's threads tell later than the summary is left out, so that it stays the last."""
    log = Log("debug")
    record, results = node(Status.ERROR, "boom")
    end = Summary("a1", "full", "local")
    log.report.finished(end, results)
    log.report.planned(results)
    log.report.node_started(record, results)
    log.report.node_finished(record, results)
    log.report.notice("artifacts.lost", level="error", reason="x")
    assert log.lines() == [end.as_dict()]
