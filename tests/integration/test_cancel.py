"""A signal, or the time limit, ends a run early and in order."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from dbt_runner.execution.cancellation import Cancellation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runs import Finished, Project, Running

SLOW_SQL = "select count(*) as n from range(1000000000000) as t(i) where hash(i) % 7 = 1"
ENDLESS = """
{% if execute %}{% for a in range(99999) %}{% for b in range(99999) %}
{% endfor %}{% endfor %}{% endif %} select 1 as id
"""
TERM, INT, HUP = signal.SIGTERM, signal.SIGINT, signal.SIGHUP


def with_slow_model(project: Project) -> None:
    """A model that takes hours, one before it, one behind it, and one that waits for a thread."""
    project.model("first").model(
        "slow", SLOW_SQL + " and (select count(*) from {{ ref('first') }}) > 0"
    )
    project.model("after", "select * from {{ ref('slow') }}")
    project.write("tests/no_rows.sql", "select * from {{ ref('slow') }} where n < 0")


def assert_clean(project: Project, running: Running, result: Finished) -> None:
    """Everything is told, nothing is left running, and the database file is free."""
    assert result.is_complete()
    assert "Traceback" not in result.stderr
    deadline = time.monotonic() + 2
    while running.family() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert running.family() == []
    assert list(project.tmp.iterdir()) == []
    assert result.events("query.not_cancelled") == []
    if project.file.exists():
        duckdb.connect(str(project.file)).close()


@pytest.mark.parametrize(
    ("signals", "code"),
    [((TERM,), 143), ((INT,), 130), ((HUP,), 143), ((TERM, TERM, INT), 143)],
    ids=["TERM", "INT", "HUP", "TERM-TERM-INT"],
)
def test_during_a_model(project: Project, signals: Sequence[signal.Signals], code: int) -> None:
    """The query at work is cancelled, and every node has a status; the first signal counts."""
    with_slow_model(project)
    running = project.fork("--run-type=full", "--threads=1")
    running.wait_for('"node.started", "unique_id": "model.shop.slow"')
    began = time.monotonic()
    for number in signals:
        running.send(number)
        time.sleep(0.2 if len(signals) > 1 else 0)
    result = running.finish()
    assert time.monotonic() - began < 4
    assert result.code == result.summary["exit_code"] == code
    assert result.summary["status"] == "cancelled"
    assert result.summary["error"] == f"cancelled by signal {signals[0].name}"
    assert result.nodes == {"success": 1, "cancelled": 1, "not_started": 2}
    assert list(result.failed) == ["slow"]
    assert result.statuses() == {"first": "success", "slow": "cancelled"}
    rows = result.artifact("commands/01-build/run_results.json")["results"]
    assert len(rows) == 4
    assert_clean(project, running, result)
    assert project.tables() == ["analytics.first"]


def test_during_several_models(project: Project) -> None:
    """Everything that was at work is cancelled, and nothing else is begun."""
    for number in range(4):
        project.model(f"slow_{number}", SLOW_SQL)
    running = project.fork("--run-type=full", "--threads=2")
    running.wait_for('"model.shop.slow_1"')
    time.sleep(0.2)
    running.send(TERM)
    result = running.finish()
    assert result.code == 143
    assert result.nodes == {"cancelled": 2, "not_started": 2}
    assert_clean(project, running, result)


@pytest.mark.parametrize(
    ("number", "code", "moment"),
    [(TERM, 143, "run.started"), (INT, 130, "run.started"), (HUP, 143, "run.parsing")],
    ids=["TERM-import", "INT-import", "HUP-parse"],
)
def test_before_the_plan(project: Project, number: signal.Signals, code: int, moment: str) -> None:
    """A signal while dbt is imported or parses ends the run before anything is planned."""
    project.model("first")
    running = project.start("--run-type=full")
    running.wait_for(moment)
    time.sleep(0.1)
    running.send(number)
    running.send(number)
    result = running.finish()
    assert result.code == code
    assert result.summary["status"] == "cancelled"
    assert result.summary["nodes"] is None
    assert result.events("run.planned") == []
    assert_clean(project, running, result)
    assert not project.file.exists() or project.tables() == []


def test_during_publication(project: Project) -> None:
    """A signal while the artifacts are copied lets them all arrive, and still ends the run."""
    filler = "{{ '-- filler' ~ ('x' * 9000000) }}"
    for number in range(6):
        project.model(f"big_{number}", f"select 1 as id\n{filler}")
    running = project.fork("--run-type=compile")
    marks = Path(project.artifacts, "shop/local/local/analytics/runs")
    running.wait_for("run.planned")
    [folder] = marks.iterdir()
    while not (folder / "commands").exists():
        time.sleep(0.001)
    running.send(TERM)
    assert not (folder / "complete").exists()
    result = running.finish()
    assert result.code == result.summary["exit_code"] == 143
    assert result.nodes == {"success": 6}
    copied = list(folder.glob("commands/01-compile/compiled/shop/models/*.sql"))
    assert len(copied) == 6
    assert all(file.stat().st_size > 9_000_000 for file in copied)
    assert_clean(project, running, result)


def test_after_the_summary(project: Project) -> None:
    """A signal that comes once the run's result stands changes nothing any more."""
    project.model("first")
    running = project.start("--run-type=full")
    running.wait_for("run.finished")
    while running.is_alive():
        for number in (TERM, INT, HUP):
            running.send(number)
    result = running.finish()
    assert result.code == 0
    assert result.summary["status"] == "success"
    assert result.stderr == ""


def test_ignored_hangup_stays_ignored(project: Project) -> None:
    """A run under `nohup` goes on when its terminal is closed."""
    project.model("first", "select count(*) as n from range(1000000000) as t(i)")
    running = project.start(prefix=("nohup",), env={"LC_ALL": "C"})
    running.wait_for("node.started")
    running.send(HUP)
    result = running.finish()
    assert result.code == 0
    assert result.nodes == {"success": 1}


def test_timeout(project: Project) -> None:
    """A run that takes longer than its timeout is cancelled as by a signal, with its own code."""
    with_slow_model(project)
    running = project.fork("--run-type=full", "--timeout=4")
    result = running.finish()
    assert result.code == 124
    assert result.summary["status"] == "timeout"
    assert result.summary["error"] == "timeout by timeout of 4 s"
    assert result.nodes == {"success": 1, "cancelled": 1, "not_started": 2}
    assert 4 <= result.summary["elapsed_s"] < 8
    assert_clean(project, running, result)


def test_grace(project: Project) -> None:
    """Where dbt does not let go, the process ends after its grace time, and says how it stood."""
    project.model("first").model("stuck", "-- depends_on: {{ ref('first') }}" + ENDLESS)
    project.model("after", "select * from {{ ref('stuck') }}")
    running = project.start("--run-type=full", "--grace=2")
    running.wait_for('"node.started", "unique_id": "model.shop.stuck"')
    began = time.monotonic()
    running.send(TERM)
    result = running.finish()
    assert 2 <= time.monotonic() - began < 5
    assert result.code == 143
    assert result.nodes == {"success": 1, "cancelled": 1, "not_started": 1}
    assert_clean(project, running, result)


def test_run_in_a_thread(project: Project) -> None:
    """Off the main thread a run works too; that it cannot hear signals is logged."""
    project.model("first")
    program = """
import sys, threading
from dbt_runner import cli
ends = []
thread = threading.Thread(target=lambda: ends.append(cli.main()))
thread.start(); thread.join()
sys.exit(ends[0])
"""
    result = project.start("--run-type=full", program=("-c", program)).finish()
    assert result.code == 0
    [notice] = result.events("signals.not_handled")
    assert notice["level"] == "warning"
    assert result.nodes == {"success": 1}
    assert result.is_complete()


def test_handlers_come_back() -> None:
    """A process that goes on after a run has its own handlers again."""
    before = {number: signal.getsignal(number) for number in (TERM, INT, HUP)}
    cancellation = Cancellation()
    with cancellation.handling_signals(for_good=False) as handled:
        os.kill(os.getpid(), HUP)
        assert handled
        assert cancellation.exit_code == 143
    assert before == {number: signal.getsignal(number) for number in (TERM, INT, HUP)}
